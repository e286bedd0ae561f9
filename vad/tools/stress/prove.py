"""Prove: adversaries answer an experiment's own questions, and an independent parser reads each.

Each cell is a backend and a size of vocabulary: an adversary of that size (adversary.py) answers
through the vLLM engine at the highest temperature there is, held to the constraint of each call as
in any run, and a reader that knows nothing of the constraint reads each answer. What is not read is
counted by kind and shown. A count of zero in n answers bounds the true rate at 3/n (95%, rule of
three: Hanley and Lippman-Hand, 1983).
"""

import asyncio
import itertools
import os
import tempfile
from pathlib import Path

from ...design.experiment import Experiment
from ...design.plan import make_plan
from ...design.trials import Plan
from ...engines.vllm import VllmEngine
from ...errors import EngineGone, StudyError
from ...runs.guarantee.certificate import certify
from ...runs.guarantee.dry_run import dry_run
from ...study.models import Model
from .adversary import APART, SPECIAL_TOKENS, STYLES, build
from .cell import WIDTH, Show, StressCell
from .record import CellRecord, append, same_columns

TRIED_BACKENDS = ("outlines", "xgrammar", "guidance")
LEAST_VOCABULARY = 2_000


def prove(
    experiment: Experiment,
    backends: list[str],
    vocabularies: list[int],
    answers: int,
    seed: int,
    record: Path,
    show: Show,
) -> list[CellRecord]:
    """Ask each cell for `answers` answers; every cell is added to the CSV file `record` when done.

    Raises StudyError for a backend or vocabulary that cannot be, EngineGone if vLLM dies.
    """
    for name in backends:
        if name not in TRIED_BACKENDS:
            raise StudyError(
                "--backend", f'no backend "{name}"; there are {", ".join(TRIED_BACKENDS)}'
            )
    for size in vocabularies:
        if size < LEAST_VOCABULARY:
            raise StudyError("--vocabulary", f"{size} is too small: {LEAST_VOCABULARY} or more")
    same_columns(record)
    cells = []
    for size, backend in itertools.product(vocabularies, backends):
        cell = CellRecord(backend, size, STYLES[seed % len(STYLES)], seed)
        _one(experiment, cell, answers, show)
        append(record, experiment, cell)
        cells.append(cell)
    return cells


def _one(experiment: Experiment, cell: CellRecord, answers: int, show: Show) -> None:
    with tempfile.TemporaryDirectory(prefix="vad-prove-") as temporary:
        folder = Path(temporary)
        log = folder / "engine.log"
        plan = _plan(experiment, profile(folder / "weights", 32_768))
        special = APART if cell.backend == "guidance" else SPECIAL_TOKENS
        build(folder / "weights", cell.vocabulary, cell.style, _texts(plan), cell.seed, special)
        proved = certify(plan, next(iter(experiment.models)))
        length = proved.longest_prompt + proved.max_tokens + 1
        model = profile(folder / "weights", length)
        cell.bound = proved.longest_answer
        # With the model in vLLM's own process nothing spins while it waits: a core is enough.
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
        engine = VllmEngine(model, experiment.study, cell.backend, log)
        try:
            asyncio.run(StressCell(engine, plan, cell, show).run(answers))
        except EngineGone as gone:
            last = log.read_text(errors="replace").splitlines()[-20:] if log.exists() else []
            raise EngineGone("\n".join([str(gone), *last])) from gone


def profile(folder: Path, length: int) -> Model:
    """The profile of an adversary whose weights are in a folder, for so many tokens of context."""
    folder.mkdir(exist_ok=True)
    said = {
        "name": "adversary",
        "engine": "vllm",
        "weights": str(folder),
        "max_model_len": length,
        "concurrency": WIDTH,
        "engine_args": {"dtype": "float32", "distributed_executor_backend": "uni"},
    }
    return Model.model_validate(said)


def _plan(experiment: Experiment, model: Model) -> Plan:
    """The experiment's trials, all put to the adversary."""
    experiment.models = dict.fromkeys(experiment.models, model)
    plan = make_plan(experiment)
    if any(one.settings.adapter != "plain" for one in experiment.conditions):
        raise StudyError(
            f"{experiment.place}: adapter", 'the independent parser reads the adapter "plain"'
        )
    return plan


def _texts(plan: Plan) -> list[str]:
    """A few prompts, and the longest answer of each part, to cut the adversary's words from."""
    model = next(iter(plan.experiment.models.values()))
    parts = {id(one.part): one for one in plan.conversations}
    step = max(1, len(plan.conversations) // 60)
    asked = [call for one in plan.conversations[::step] for call in dry_run(one, model)]
    answers = [call.reply.text for one in parts.values() for call in dry_run(one, model)]
    return ["\n".join(m["content"] for m in one.call.messages) for one in asked] + answers
