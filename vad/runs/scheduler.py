"""The scheduler: one engine's conversations, many at once; an engine's failure is no answer."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..design.trials import Conversation, Plan
from ..engines.base import Engine
from ..errors import Interrupted, NothingReadable
from .conversation import hold
from .guarantee.dry_run import makes_one_call
from .recorder import Recorder
from .session import Session
from .unreadable_kinds import hints

FIRST_ANSWERS = 20
"""Answers of a provider, or all there are, of which at least one has to be readable."""


@dataclass
class Progress:
    """How far a model's conversations are; handed to whoever shows it."""

    model: str
    total: int
    asked: int = 0
    unreadable: int = 0
    failed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)


def in_flight(width: int, conversations: int) -> int:
    """How many conversations are held at once: some wait, so that an engine of `width` is full."""
    return min(conversations, width + width // 4 + 1)


def session_for(engine: Engine, plan: Plan, one: Conversation) -> Session:
    """A session for a conversation of a plan, its calls made as its condition says."""
    condition = plan.condition(one.trials[0])
    model = plan.experiment.models[condition.settings.model]
    return Session(
        engine,
        one.trials[0].key,
        plan.sampling(condition),
        condition.settings.decoding != "free",
        model,
        one_call=makes_one_call(one),
    )


class Scheduler:
    """Conversations on one engine, as many at once as it has room for."""

    def __init__(
        self,
        engine: Engine,
        recorder: Recorder,
        progress: Progress,
        show: Callable[[Progress], None],
    ) -> None:
        self.engine = engine
        self.recorder = recorder
        self.progress = progress
        self.show = show

    async def run_all(self, width: int, queue: list[list[Conversation]]) -> None:
        """Hold all conversations, `width` and a quarter at once; Interrupted on SIGINT, SIGTERM."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            loop.add_signal_handler(number, stop.set)
        waiting = iter(queue)
        workers = [
            asyncio.create_task(self._work(waiting)) for _ in range(in_flight(width, len(queue)))
        ]
        everyone = asyncio.gather(*workers)
        stopped = asyncio.create_task(stop.wait())
        watched: set[asyncio.Future[Any]] = {everyone, stopped}
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
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
            self.show(self.progress)

    async def _work(self, waiting: Iterator[list[Conversation]]) -> None:
        for group in waiting:
            await self._hold(group)
            self.show(self.progress)

    async def _hold(self, group: list[Conversation]) -> None:
        """Hold a group's first conversation; its answers are those of all."""
        one, plan = group[0], self.recorder.plan

        def failed(attempt: int, said: str) -> None:
            self.recorder.failed(one, self.progress.model, attempt, said)

        held = await hold(
            one,
            lambda: session_for(self.engine, plan, one),
            failed,
            plan.condition(one.trials[0]).settings.decoding == "letter",
        )
        if held is None:
            self.progress.failed += sum(len(each.trials) for each in group)
            return
        rows = held.responses()
        self.recorder.answered(group, rows, held.calls())
        self.progress.asked += len(rows) * len(group)
        self.progress.unreadable += sum(not row["valid"] for row in rows) * len(group)
        for row in rows:
            if not row["valid"]:
                self.progress.kinds[row["problem"]] += len(group)
        self._require_any_read(one)

    def _require_any_read(self, one: Conversation) -> None:
        """NothingReadable where a provider's first answers are all unreadable: each is paid for."""
        state, plan = self.progress, self.recorder.plan
        model = plan.experiment.models[plan.condition(one.trials[0]).settings.model]
        enough = state.asked >= min(FIRST_ANSWERS, state.total)
        none = model.validated and enough and state.unreadable == state.asked
        if none and not self.recorder.anyway:
            raise NothingReadable(state.model, state.asked, hints(state.kinds))
