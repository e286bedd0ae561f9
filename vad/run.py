"""Run: trials -> responses. Concurrency, progress, resume; an engine's failure is no answer."""

import asyncio
import hashlib
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .answer import call_rows, failed_rows, response_rows
from .certificate import Certificate, certify
from .decode import Language
from .engines import Call, Engine, make_engine
from .errors import EngineFailure, EngineGone, Unreadable
from .experiment import Experiment
from .manifest import compose_manifest
from .resume import choose_folder, same_study
from .session import Session, converse, make_lm
from .store import RunFolder, reusable
from .trial import Conversation, Plan, make_plan

ATTEMPTS = 3
FLUSH_SECONDS = 3.0
FLUSH_ROWS = 2000


@dataclass
class Progress:
    """How far a run is; handed to whoever shows it."""

    model: str
    asked: int
    total: int
    unreadable: int = 0
    failed: int = 0
    began: float = field(default_factory=time.monotonic)


@dataclass
class Outcome:
    """What a run came to."""

    folder: Path
    planned: int
    asked: int
    kept: int
    reused: int
    unreadable: int
    open: int
    problems: Counter[str] = field(default_factory=Counter)


class Interrupted(Exception):
    """The person stopped the run; what was answered is saved."""


def run(experiment: Experiment, runs: Path, new: bool, show: Callable[[Progress], None]) -> Outcome:
    """Ask every trial of an experiment that is not answered yet.

    Raises StudyError for bad input, Interrupted on SIGINT or SIGTERM, EngineGone when the engine
    died; in each case all answers so far are on disk.
    """
    plan = make_plan(experiment)
    names = list(dict.fromkeys(plan.condition(t).settings.model for t in plan.trials))
    certificates = {name: certify(plan, name, fetch=True) for name in names}
    path = choose_folder(experiment, runs, new)
    same_study(experiment, path)
    folder = RunFolder(path, experiment.factors)
    runner = Runner(plan, folder, certificates, show)
    try:
        return asyncio.run(runner.everything(runs))
    finally:
        runner.finish()


class Runner:
    """One run in progress: what is open, what waits to be written, what has failed."""

    def __init__(
        self,
        plan: Plan,
        folder: RunFolder,
        certificates: dict[str, Certificate],
        show: Callable[[Progress], None],
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.certificates = certificates
        self.show = show
        self.began = datetime.now(UTC).isoformat(timespec="seconds")
        self.outcome = Outcome(folder.path, len(plan.trials), 0, 0, 0, 0, 0)
        self.engines: dict[str, Any] = {}
        self._rows: list[dict[str, Any]] = []
        self._calls: list[dict[str, Any]] = []
        self._model = ""
        self._flushed = time.monotonic()
        self._stop = asyncio.Event()
        self._lm = make_lm()

    async def everything(self, runs: Path) -> Outcome:
        """All models in turn, one engine at a time."""
        self.folder.write_manifest(self.manifest())
        twins = self._open(runs)
        queues: dict[tuple[str, str], list[list[Conversation]]] = defaultdict(list)
        for group in twins.values():
            settings = self.plan.condition(group[0].trials[0]).settings
            queues[settings.model, settings.backend].append(group)
        for (model, backend), queue in queues.items():
            await self._one_model(model, backend, queue)
        return self.outcome

    def _open(self, runs: Path) -> dict[str, list[Conversation]]:
        """Conversations still to be held, by key; rows of other runs are taken over first."""
        done = self.folder.answered()
        missing = [
            one
            for one in self.plan.conversations
            if not all(self._identity(one, place) in done for place in range(len(one.trials)))
        ]
        self.outcome.kept = len(self.plan.trials) - sum(len(one.trials) for one in missing)
        wanted = {trial.key for one in missing for trial in one.trials}
        known = reusable(runs, self.folder.path, wanted)
        twins: dict[str, list[Conversation]] = {}
        for one in missing:
            if all(trial.key in known for trial in one.trials):
                rows = [
                    known[trial.key]
                    | self._columns(one)
                    | {"prompt_tokens": 0, "cached_tokens": 0, "output_tokens": 0, "seconds": 0.0}
                    for trial in one.trials
                ]
                model = self.plan.condition(one.trials[0]).settings.model
                self._keep(model, rows, [])
                self.outcome.reused += len(rows)
            else:
                twins.setdefault(one.trials[0].key, []).append(one)
        self._flush()
        return twins

    async def _one_model(self, name: str, backend: str, queue: list[list[Conversation]]) -> None:
        model = self.plan.experiment.models[name]
        engine = make_engine(
            model, self.plan.experiment.study, backend, self.folder.path / "engine.log"
        )
        total = sum(len(one.trials) for group in queue for one in group)
        progress = Progress(name, 0, total)
        try:
            await engine.start()
            self.engines[name] = engine.about().__dict__
            if any(self._constrained(group[0]) for group in queue):
                await self._canary(name, engine)
            progress.began = time.monotonic()
            await self._flood(engine, model.concurrency, queue, progress)
        finally:
            self._flush()
            await engine.close()

    async def _canary(self, name: str, engine: Engine) -> None:
        if self.plan.experiment.models[name].engine == "simulated":
            return
        text = "canary-" + hashlib.sha256(os.urandom(8)).hexdigest()[:12]
        held = Language(text, text)
        call = Call([{"role": "user", "content": "Say hello."}], held, True, 1.0, 1.0, 0, 1)
        reply = await engine.answer(call)
        self.certificates[name].canary = reply.text == text and reply.finish_reason == "stop"
        if not self.certificates[name].canary:
            raise EngineGone(
                f"constraints are not in force: {name} was held to {text!r} and answered "
                f"{reply.text[:60]!r}; nothing was asked"
            )

    async def _flood(
        self, engine: Engine, width: int, queue: list[list[Conversation]], progress: Progress
    ) -> None:
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            loop.add_signal_handler(number, self._stop.set)
        waiting = iter(queue)
        workers = [
            asyncio.create_task(self._work(engine, waiting, progress))
            for _ in range(min(len(queue), width + width // 4 + 1))
        ]
        everyone = asyncio.gather(*workers)
        stopped = asyncio.create_task(self._stop.wait())
        watched: set[asyncio.Future[Any]] = {everyone, stopped}
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                raise Interrupted
            await everyone
        finally:
            stopped.cancel()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(everyone, *workers, return_exceptions=True)
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)
            self.show(progress)

    async def _work(
        self, engine: Engine, waiting: Iterator[list[Conversation]], progress: Progress
    ) -> None:
        for group in waiting:
            await self._hold(engine, group, progress)
            self.show(progress)
            if len(self._rows) >= FLUSH_ROWS or time.monotonic() - self._flushed > FLUSH_SECONDS:
                self._flush()

    async def _hold(self, engine: Engine, group: list[Conversation], progress: Progress) -> None:
        """Hold one conversation, at most three times if the engine fails, and keep its rows."""
        one = group[0]
        condition = self.plan.condition(one.trials[0])
        for attempt in range(1, ATTEMPTS + 1):
            session = Session(
                engine,
                one.trials[0].key,
                self.plan.sampling(condition),
                condition.settings.decoding == "constrained",
            )
            try:
                rows = response_rows(one, await converse(one, session, self._lm), session)
            except Unreadable as problem:
                rows = failed_rows(one, problem, session)
            except EngineGone:
                raise
            except Exception as failure:
                said = str(failure) if isinstance(failure, EngineFailure) else repr(failure)
                self.folder.problem(
                    trial=[trial.key for trial in one.trials],
                    model=progress.model,
                    scenario=one.trials[0].scenario.id,
                    attempt=attempt,
                    problem=said,
                    at=datetime.now(UTC).isoformat(timespec="seconds"),
                )
                self.outcome.problems[said] += 1
                continue
            self._keep(
                progress.model, [row | self._columns(one) for row in rows], call_rows(one, session)
            )
            for twin in group[1:]:
                again = {
                    "reused": self.folder.path.name,
                    "prompt_tokens": 0,
                    "cached_tokens": 0,
                    "output_tokens": 0,
                    "seconds": 0.0,
                }
                self._keep(progress.model, [row | self._columns(twin) | again for row in rows], [])
            count = len(rows) * len(group)
            progress.asked += count
            progress.unreadable += sum(not row["valid"] for row in rows) * len(group)
            self.outcome.asked += len(rows)
            self.outcome.reused += len(rows) * (len(group) - 1)
            return
        progress.failed += sum(len(each.trials) for each in group)

    def _keep(self, model: str, rows: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
        if model != self._model:
            self._flush()
            self._model = model
        self._rows += rows
        self._calls += calls

    def _flush(self) -> None:
        if self._rows:
            self.folder.write(self._model, self._rows, self._calls)
        self._rows, self._calls = [], []
        self._flushed = time.monotonic()

    def _columns(self, one: Conversation) -> dict[str, Any]:
        return self.plan.condition(one.trials[0]).columns

    def _identity(self, one: Conversation, place: int) -> tuple[Any, ...]:
        return self.folder.identity(self._columns(one) | {"trial": one.trials[place].key})

    def _constrained(self, one: Conversation) -> bool:
        return self.plan.condition(one.trials[0]).settings.decoding == "constrained"

    def finish(self) -> None:
        """Write what waits, the counts and the manifest, and let the folder go."""
        self._flush()
        self.folder.write_manifest(self.manifest())
        self.folder.close()

    def manifest(self) -> dict[str, Any]:
        """What suffices to understand the run, and to run it again."""
        before = self.folder.manifest or {}
        counts = self.folder.counts()
        planned = max(self.outcome.planned, before.get("counts", {}).get("planned", 0))
        self.outcome.unreadable = counts["unreadable"]
        self.outcome.open = max(
            0, self.outcome.planned - self.outcome.kept - self.outcome.asked - self.outcome.reused
        )
        for name, certificate in self.certificates.items():
            certificate.outcome = self.folder.counts(name)
        return compose_manifest(
            self.plan,
            before,
            self.began,
            self.engines,
            self.certificates,
            {"planned": planned, **counts},
        )
