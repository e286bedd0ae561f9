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
from ..engines.capabilities import capabilities, template_is_servers
from ..engines.factory import make_engine
from ..errors import StudyError
from ..study.cache import keep_start, last_start
from ..study.loader import Study
from ..study.models import Model
from .conversation import in_every_thread
from .guarantee.canary import NOT_HELD, ask_canary, ask_persona_canary
from .guarantee.certificate import certify
from .prefix_order import in_prefix_order
from .recorder import Outcome, Recorder
from .resume import (
    choose_folder,
    same_plan,
    same_questions,
    same_served,
    same_shard,
    same_study,
)
from .scheduler import Progress, Scheduler
from .shards import Shard, plan_digest, share
from .store.folder import RunFolder

Show = Callable[[Progress], None]
Make = Callable[[Model, Study, str, Path], Engine]


def run(
    experiment: Experiment,
    runs: Path,
    new: bool,
    show: Show,
    anyway: bool = False,
    shard: Shard | None = None,
) -> Outcome:
    """Ask every trial of an experiment that is not answered yet; of a shard, in its own folder.

    anyway: to go on where nothing that a provider answers can be read. Raises StudyError for bad
    input, Interrupted on SIGINT or SIGTERM, EngineGone when the engine died, NothingReadable when a
    provider's first answers are all unreadable; in each case all answers so far are on disk.
    """
    plan = make_plan(experiment)
    recorder = _recorder(plan, runs, new, shard)
    recorder.anyway = anyway
    return answer_plan(recorder, runs, show)


def _recorder(plan: Plan, runs: Path, new: bool, shard: Shard | None) -> Recorder:
    """The recorder of a whole plan or of a share of it."""
    name = plan.experiment.name
    if shard is None:
        return prepare_run(plan, choose_folder(runs, name, new))
    about = {
        "number": shard.number,
        "of": shard.of,
        "plan": plan_digest(plan),
        "questions": len(plan.trials),
    }
    path = choose_folder(runs, shard.folder(name), new)
    same_shard(path, plan.experiment, about)
    recorder = prepare_run(share(plan, shard), path, shard.folder(name))
    recorder.shard = about
    return recorder


def run_again(before: Path, study: Study, runs: Path, show: Show) -> Outcome:
    """Ask every trial of the run folder `before` anew, in one of its own: `x` again is `x-again`.

    No answer of another run is taken over. Raises what `run` raises, StudyError also if a file
    that the answers depend on is another one now.
    """
    plan = same_plan(before, study)
    return answer_plan(prepare_run(plan, runs / plan.experiment.name), None, show)


def prepare_run(plan: Plan, path: Path, name: str = "") -> Recorder:
    """Proofs and folder: everything that comes between a plan and its first engine.

    name: of the folder and those that follow it, where that is not the experiment's.
    """
    names = list(dict.fromkeys(plan.condition(t).settings.model for t in plan.trials))
    certificates = {model: certify(plan, model, fetch=True) for model in names}
    for model, one in certificates.items():
        for note in one.notes:
            print(f"{model}: {note}", file=sys.stderr)
    same_study(plan.experiment, path, name)
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
        # What is counted from here on tells how fast it goes (see status.py).
        recorder.write_manifest()
        await _canaries(recorder, engine, model, queue)
        progress.began = time.monotonic()
        await Scheduler(engine, recorder, progress, show).run_all(model.concurrency, queue)
    finally:
        try:
            recorder.folder.flush()
        finally:
            await engine.close()


async def _canaries(
    recorder: Recorder, engine: Engine, model: Model, queue: list[list[Conversation]]
) -> None:
    """Ask what shows constraints in force and personas reaching the model; say what does not."""
    certificate = recorder.certificates[model.name]
    conditions = [recorder.plan.condition(group[0].trials[0]) for group in queue]
    held = [one for one in conditions if one.settings.decoding != "free"]
    if held and capabilities(model).has_weights:
        certificate.canary = False
        canary = await ask_canary(engine, model, recorder.plan.sampling(held[0]))
        certificate.canary = canary.held
        if not canary.held:
            print(NOT_HELD.format(model.name, canary.said), file=sys.stderr)
    shown = {one.settings.persona_turn: one for one in conditions if one.block}
    if shown and template_is_servers(model):
        back = [
            await ask_persona_canary(engine, model, turn, recorder.plan.sampling(one))
            for turn, one in shown.items()
        ]
        certificate.persona_canary = all(back)
        if not certificate.persona_canary:
            print(
                f"{model.name}: a word planted where the persona stands did not come back; its "
                "server's template is not known, so compare the personas' answers"
                + ("" if "user" in shown else ", or write system_role = false in its profile"),
                file=sys.stderr,
            )
