"""Run: trials -> responses. What is still open is asked, a model after the other."""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from .canary import ask_canary
from .certificate import certify
from .engines import Engine, make_engine
from .errors import StudyError
from .experiment import Experiment
from .flood import Flood, Progress
from .ledger import Ledger, Outcome
from .model import Model
from .resume import choose_folder, same_questions, same_study
from .store import RunFolder
from .study import Study
from .trial import Conversation, make_plan

Show = Callable[[Progress], None]
Make = Callable[[Model, Study, str, Path], Engine]


def run(experiment: Experiment, runs: Path, new: bool, show: Show) -> Outcome:
    """Ask every trial of an experiment that is not answered yet.

    Raises StudyError for bad input, Interrupted on SIGINT or SIGTERM, EngineGone when the engine
    died; in each case all answers so far are on disk.
    """
    ledger = begin(experiment, runs, new)
    try:
        return asyncio.run(every_model(ledger, runs, show, make_engine))
    finally:
        ledger.close()


def begin(experiment: Experiment, runs: Path, new: bool) -> Ledger:
    """Plan, proofs and folder: everything that comes before the first engine."""
    plan = make_plan(experiment)
    names = list(dict.fromkeys(plan.condition(t).settings.model for t in plan.trials))
    certificates = {name: certify(plan, name, fetch=True) for name in names}
    path = choose_folder(experiment, runs, new)
    same_study(experiment, path)
    folder = RunFolder(path, experiment.factors)
    if folder.lock.left_by:
        print(
            f"{path}: left by a run that was killed ({folder.lock.left_by}); going on with it",
            file=sys.stderr,
        )
    try:
        same_questions(plan, folder)
    except StudyError:
        folder.lock.release()
        raise
    return Ledger(plan, folder, certificates)


async def every_model(ledger: Ledger, runs: Path, show: Show, make: Make) -> Outcome:
    """All models in turn, one engine at a time."""
    ledger.write_manifest()
    queues: dict[tuple[str, str], list[list[Conversation]]] = defaultdict(list)
    for group in ledger.open(runs):
        settings = ledger.plan.condition(group[0].trials[0]).settings
        queues[settings.model, settings.backend].append(group)
    for (model, backend), queue in queues.items():
        await _one_model(ledger, model, backend, queue, show, make)
    return ledger.outcome


async def _one_model(
    ledger: Ledger,
    name: str,
    backend: str,
    queue: list[list[Conversation]],
    show: Show,
    make: Make,
) -> None:
    experiment = ledger.plan.experiment
    model = experiment.models[name]
    engine = make(model, experiment.study, backend, ledger.folder.path / "engine.log")
    progress = Progress(name, sum(len(one.trials) for group in queue for one in group))
    try:
        await engine.start()
        ledger.engines[name] = engine.about().__dict__
        settings = [ledger.plan.condition(group[0].trials[0]).settings for group in queue]
        held = any(each.decoding != "free" for each in settings)
        if held and model.engine != "simulated":
            ledger.certificates[name].canary = False
            ledger.certificates[name].canary = await ask_canary(engine, model)
        progress.began = time.monotonic()
        await Flood(engine, ledger, progress, show).pour(model.concurrency, queue)
    finally:
        try:
            ledger.flush()
        finally:
            await engine.close()
