"""Run: trials -> responses. What is still open is asked, a model after the other."""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from ..design.experiment import Experiment
from ..design.plan import make_plan
from ..design.trials import Conversation, Plan
from ..engines.base import Engine
from ..engines.capabilities import capabilities
from ..engines.factory import make_engine
from ..errors import StudyError
from ..study.cache import keep_start, last_start
from ..study.loader import Study
from ..study.models import Model
from .conversation import in_every_thread
from .guarantee.canary import ask_canary
from .guarantee.certificate import certify
from .prefix_order import in_prefix_order
from .recorder import Outcome, Recorder
from .resume import choose_folder, same_plan, same_questions, same_served, same_study
from .scheduler import Progress, Scheduler
from .store.folder import RunFolder

Show = Callable[[Progress], None]
Make = Callable[[Model, Study, str, Path], Engine]


def run(experiment: Experiment, runs: Path, new: bool, show: Show) -> Outcome:
    """Ask every trial of an experiment that is not answered yet.

    Raises StudyError for bad input, Interrupted on SIGINT or SIGTERM, EngineGone when the engine
    died; in each case all answers so far are on disk.
    """
    plan = make_plan(experiment)
    return answer_plan(prepare_run(plan, choose_folder(experiment, runs, new)), runs, show)


def run_again(before: Path, study: Study, runs: Path, show: Show) -> Outcome:
    """Ask every trial of the run folder `before` anew, in one of its own: `x` again is `x-again`.

    No answer of another run is taken over. Raises what `run` raises, StudyError also if a file
    that the answers depend on is another one now.
    """
    plan = same_plan(before, study)
    return answer_plan(prepare_run(plan, runs / plan.experiment.name), None, show)


def prepare_run(plan: Plan, path: Path) -> Recorder:
    """Proofs and folder: everything that comes between a plan and its first engine."""
    names = list(dict.fromkeys(plan.condition(t).settings.model for t in plan.trials))
    certificates = {name: certify(plan, name, fetch=True) for name in names}
    same_study(plan.experiment, path)
    folder = RunFolder(path, plan.experiment.vary)
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
    return Recorder(plan, folder, certificates)


def answer_plan(recorder: Recorder, others: Path | None, show: Show) -> Outcome:
    """Ask what is open; rows of the runs in the folder `others` are taken over first."""
    try:
        with in_every_thread():
            return asyncio.run(every_model(recorder, others, show, make_engine))
    finally:
        recorder.close()


async def every_model(recorder: Recorder, others: Path | None, show: Show, make: Make) -> Outcome:
    """All models in turn, one engine at a time."""
    recorder.write_manifest()
    queues: dict[tuple[str, str], list[list[Conversation]]] = defaultdict(list)
    for group in recorder.open(others):
        settings = recorder.plan.condition(group[0].trials[0]).settings
        queues[settings.model, settings.backend].append(group)
    for (model, backend), queue in queues.items():
        await _one_model(recorder, model, backend, in_prefix_order(queue), show, make)
    return recorder.outcome


async def _one_model(
    recorder: Recorder,
    name: str,
    backend: str,
    queue: list[list[Conversation]],
    show: Show,
    make: Make,
) -> None:
    experiment = recorder.plan.experiment
    model = experiment.models[name]
    engine = make(model, experiment.study, backend, recorder.folder.path / "engine.log")
    identity = experiment.identities[name]
    if capabilities(model).in_process:
        before = last_start(identity)
        took = f", which took {before:.0f} s last time" if before else ""
        print(f"{name}: loading{took}", file=sys.stderr, flush=True)
    progress = Progress(name, sum(len(one.trials) for group in queue for one in group))
    try:
        began = time.monotonic()
        await engine.start()
        if capabilities(model).in_process:
            keep_start(identity, time.monotonic() - began)
        about = engine.about()
        same_served(recorder.folder, name, about)
        recorder.engines[name] = about.__dict__
        settings = [recorder.plan.condition(group[0].trials[0]).settings for group in queue]
        held = any(each.decoding != "free" for each in settings)
        if held and capabilities(model).has_weights:
            recorder.certificates[name].canary = False
            recorder.certificates[name].canary = await ask_canary(engine, model)
        progress.began = time.monotonic()
        await Scheduler(engine, recorder, progress, show).run_all(model.concurrency, queue)
    finally:
        try:
            recorder.flush()
        finally:
            await engine.close()
