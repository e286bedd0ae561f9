"""Prove: adversaries answer an experiment's own questions, and a witness reads every answer.

Each cell is a backend and a size of vocabulary: an adversary of that size (adversary.py) answers
through the vLLM engine at the highest temperature there is, held to the constraint of each call as
in any run, and a reader that knows nothing of the constraint (witness.py) reads each answer. What
is not read is counted by kind and shown. A count of zero in n answers bounds the true rate at 3/n
(95%, rule of three: Hanley and Lippman-Hand, 1983).
"""

import asyncio
import csv
import itertools
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dspy

from .adversary import APART, SPECIAL, STYLES, Style, build
from .certificate import certify, rehearse
from .decode import language
from .engines import Engine
from .engines.vllm import VllmEngine
from .errors import EngineFailure, EngineGone, StudyError, Unreadable
from .experiment import Experiment
from .flood import Progress
from .model import Model, Sampling
from .order import digest
from .session import Session, converse, make_lm
from .trial import Conversation, Plan, make_plan
from .witness import attest

BACKENDS = ("outlines", "xgrammar", "guidance")
HOTTEST = Sampling(temperature=2.0, top_p=1.0, top_k=0)
WIDTH = 64
FREE = 128
"""Answers decoded freely, to compare the speed with."""

MOST_SECONDS = 300.0
MOST_MEGABYTES = 4096.0
"""What compiling all constraints of an experiment may take; more fails the cell."""

LEAST_VOCABULARY = 2_000


@dataclass
class Cell:
    """A backend and a vocabulary, and what came of it; times in seconds, memory in MB.

    compile_seconds: from the first request of each constraint to its answer, less a free one's.
    memory: what the engine's processes grew by meanwhile. speed: tokens a second under the
    constraint, over tokens a second of free decoding.
    """

    backend: str
    vocabulary: int
    style: Style
    seed: int
    answers: int = 0
    unreadable: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    compile_seconds: float = 0.0
    memory: float = 0.0
    answers_a_second: float = 0.0
    speed: float = 0.0
    longest: int = 0
    bound: int = 0
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def upper(self) -> float:
        """The rate of unreadable answers is below this with 95% confidence; NaN if any was seen."""
        return 3 / self.answers if self.answers and not self.unreadable else float("nan")

    @property
    def failed(self) -> bool:
        """Whether the cell disproves the guarantee, or compiling was out of bounds."""
        heavy = self.compile_seconds > MOST_SECONDS or self.memory > MOST_MEGABYTES
        return bool(self.unreadable) or heavy or not self.answers


Show = Callable[[Progress], None]


def prove(
    experiment: Experiment,
    backends: list[str],
    vocabularies: list[int],
    answers: int,
    seed: int,
    record: Path,
    show: Show,
) -> list[Cell]:
    """Ask each cell for `answers` answers; every cell is added to the CSV file `record` when done.

    Raises StudyError for a backend or vocabulary that cannot be, EngineGone if vLLM dies.
    """
    for name in backends:
        if name not in BACKENDS:
            raise StudyError("--backend", f'no backend "{name}"; there are {", ".join(BACKENDS)}')
    for size in vocabularies:
        if size < LEAST_VOCABULARY:
            raise StudyError("--vocabulary", f"{size} is too small: {LEAST_VOCABULARY} or more")
    cells = []
    for size, backend in itertools.product(vocabularies, backends):
        cell = Cell(backend, size, STYLES[seed % len(STYLES)], seed)
        _one(experiment, cell, answers, show)
        _append(record, experiment, cell)
        cells.append(cell)
    return cells


def _one(experiment: Experiment, cell: Cell, answers: int, show: Show) -> None:
    with tempfile.TemporaryDirectory(prefix="vad-prove-") as temporary:
        folder = Path(temporary)
        log = folder / "engine.log"
        plan = _plan(experiment, _profile(folder / "weights", 32_768))
        special = APART if cell.backend == "guidance" else SPECIAL
        build(folder / "weights", cell.vocabulary, cell.style, _texts(plan), cell.seed, special)
        proved = certify(plan, next(iter(experiment.models)))
        length = proved.longest_prompt + proved.max_tokens + 1
        model = _profile(folder / "weights", length)
        cell.bound = proved.longest_answer
        engine = VllmEngine(model, experiment.study, cell.backend, log)
        try:
            asyncio.run(_Trial(engine, plan, cell, show).run(answers))
        except EngineGone as gone:
            last = log.read_text(errors="replace").splitlines()[-20:] if log.exists() else []
            raise EngineGone("\n".join([str(gone), *last])) from gone


def _profile(folder: Path, length: int) -> Model:
    folder.mkdir(exist_ok=True)
    said = {
        "name": "adversary",
        "engine": "vllm",
        "weights": str(folder),
        "max_model_len": length,
        "concurrency": WIDTH,
        "engine_args": {"dtype": "float32"},
    }
    return Model.model_validate(said)


def _plan(experiment: Experiment, model: Model) -> Plan:
    """The experiment's trials, all put to the adversary."""
    experiment.models = dict.fromkeys(experiment.models, model)
    plan = make_plan(experiment)
    if any(one.settings.adapter != "plain" for one in experiment.conditions):
        raise StudyError(f"{experiment.place}: adapter", 'the witness reads the adapter "plain"')
    return plan


def _texts(plan: Plan) -> list[str]:
    """A few prompts, and the longest answer of each part, to cut the adversary's words from."""
    model = next(iter(plan.experiment.models.values()))
    parts = {id(one.part): one for one in plan.conversations}
    step = max(1, len(plan.conversations) // 60)
    asked = [call for one in plan.conversations[::step] for call in rehearse(one, model)]
    answers = [call.reply.text for one in parts.values() for call in rehearse(one, model)]
    return ["\n".join(m["content"] for m in one.call.messages) for one in asked] + answers


class _Trial:
    """One cell at work: a free sample, every constraint compiled once, then the flood."""

    def __init__(self, engine: Engine, plan: Plan, cell: Cell, show: Show) -> None:
        self.engine = engine
        self.cell = cell
        self.show = show
        self.conversations = plan.conversations
        self.lm = make_lm()
        self.asked: dict[str, type[dspy.Signature]] = {}
        for one in {id(one.part): one for one in plan.conversations}.values():
            self.asked |= {language(each).regex: each for each in one.part.signatures}

    async def run(self, answers: int) -> None:
        """The cell's answers, counted and read."""
        await self.engine.start()
        self.cell.versions = self.engine.about().versions
        try:
            free = await self._pour(self._turns(min(FREE, answers)), constrained=False)
            before = _memory()
            began = time.monotonic()
            firsts = {id(one.part): one for one in self.conversations}
            for one in firsts.values():
                await self._hold(one, "0", constrained=True)
            self.cell.compile_seconds = time.monotonic() - began
            self.cell.memory = max(0.0, _memory() - before)
            self.cell.answers = self.cell.unreadable = 0
            self.progress = Progress(f"{self.cell.backend} {self.cell.vocabulary}", answers)
            began = time.monotonic()
            held = await self._pour(self._turns(answers), constrained=True)
            self.cell.answers_a_second = self.cell.answers / (time.monotonic() - began)
            self.cell.speed = held / free if free else float("nan")
        finally:
            await self.engine.close()

    def _turns(self, count: int) -> Iterator[tuple[Conversation, str]]:
        """Conversations in the plan's order, over and over, each time with seeds of their own."""
        again = itertools.cycle(self.conversations)
        for number, one in zip(range(count), again, strict=False):
            yield one, digest(str(self.cell.seed), str(number))

    async def _pour(self, turns: Iterator[tuple[Conversation, str]], constrained: bool) -> float:
        """Hold all of them, many at once; tokens a second."""
        tokens = 0
        began = time.monotonic()

        async def work() -> None:
            nonlocal tokens
            for one, seed in turns:
                written = await self._hold(one, seed, constrained)
                tokens += written
                if constrained:
                    self.progress.asked += 1
                    self.progress.unreadable = self.cell.unreadable
                    self.show(self.progress)

        await asyncio.gather(*(work() for _ in range(WIDTH + WIDTH // 4)))
        return tokens / (time.monotonic() - began)

    async def _hold(self, one: Conversation, seed: str, constrained: bool) -> int:
        """One conversation; under a constraint each of its answers is read by the witness."""
        session = Session(self.engine, seed, HOTTEST, constrained)
        problem = None
        try:
            await converse(one, session, self.lm)
        except EngineGone:
            raise
        except Unreadable as error:
            problem = error.kind
        except EngineFailure as error:
            problem = str(error)
            self.cell.answers += constrained
        if constrained:
            for asked in session.calls:
                self.cell.answers += 1
                self.cell.longest = max(self.cell.longest, len(asked.reply.text.encode()))
                try:
                    attest(self.asked[asked.call.language.regex], asked.reply.text)
                except Unreadable as error:
                    problem = f"witness: {error.kind.split(':')[0]}"
            if problem:
                self._disproved(problem, session)
        return sum(asked.reply.output_tokens for asked in session.calls)

    def _disproved(self, problem: str, session: Session) -> None:
        self.cell.unreadable += 1
        self.cell.kinds[problem] += 1
        if len(self.cell.examples) < 3:
            text = session.calls[-1].reply.text if session.calls else ""
            self.cell.examples.append(f"{problem}: {text!r}")


def _memory() -> float:
    """Resident memory of this process's children, all their children among them, in MB."""
    import psutil

    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20


def _append(record: Path, experiment: Experiment, cell: Cell) -> None:
    row: dict[str, Any] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "experiment": experiment.place,
        "program": " ".join(dict.fromkeys(c.settings.program for c in experiment.conditions)),
    }
    row |= asdict(cell) | {"upper": cell.upper}
    row["kinds"], row["versions"] = json.dumps(cell.kinds), json.dumps(cell.versions)
    row["examples"] = json.dumps(cell.examples)
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        new = not record.exists()
        with record.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)
    except OSError as error:
        raise StudyError(str(record), f"cannot be written: {error.strerror}") from None
