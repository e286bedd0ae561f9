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
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .adversary import APART, SPECIAL, STYLES, Style, build
from .ask import held, narrow
from .certificate import certify, rehearse
from .engines import Call, Engine, Reply
from .engines.vllm import VllmEngine
from .errors import EngineFailure, EngineGone, StudyError, Unreadable
from .experiment import Experiment
from .flood import Progress
from .model import Model, Sampling
from .order import digest
from .plan import make_plan
from .session import Session, converse, make_lm
from .trial import Conversation, Plan
from .witness import attest

BACKENDS = ("outlines", "xgrammar", "guidance")
HOTTEST = Sampling(temperature=2.0, top_p=1.0, top_k=0)
WIDTH = 128
FREE = 256
"""Answers decoded freely, to compare the speed with."""

MOST_SECONDS = 300.0
MOST_MEGABYTES = 4096.0
"""What compiling all constraints of an experiment may take; more fails the cell."""

LEAST_VOCABULARY = 2_000


@dataclass
class Cell:
    """A backend and a vocabulary, and what came of it; times in seconds, memory in MB.

    compile_seconds: the first answers under each constraint, less the second ones.
    memory: what the engine's processes grew by meanwhile. token_pace, answer_pace: tokens and
    answers a second under the constraint, over those of free decoding with the same budget, whose
    answers hardly ever end before it.
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
    token_pace: float = 0.0
    answer_pace: float = 0.0
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


RECORDED = ["date", "experiment", "program", *(one.name for one in fields(Cell)), "upper"]
"""What the record has of each cell."""

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
    if record.exists():
        with record.open(newline="") as file:
            if next(csv.reader(file), []) != RECORDED:
                raise StudyError(
                    str(record), "has the columns of another version of vad", "move it elsewhere"
                )
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
        # With the model in vLLM's own process nothing spins while it waits: a core is enough.
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
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
        "engine_args": {"dtype": "float32", "distributed_executor_backend": "uni"},
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
    """One cell at work: every constraint compiled once, a round of conversations, then the flood.

    The round holds the experiment's conversations as a run does, DSPy and the strict reader of runs
    included. The flood puts the same calls, word for word, again and again with seeds of their own;
    the witness reads every answer of both.
    """

    def __init__(self, engine: Engine, plan: Plan, cell: Cell, show: Show) -> None:
        self.engine = engine
        self.cell = cell
        self.show = show
        self.conversations = plan.conversations
        self.lm = make_lm()
        self.calls: list[Call] = []
        self.asked: dict[str, Any] = {}
        for one in plan.conversations:
            for each in one.part.signatures:
                told = narrow(each, one.manner.offered)  # type: ignore[arg-type]
                self.asked[held(told, one.manner.written).regex] = told

    async def run(self, answers: int) -> None:
        """The cell's answers, counted and read."""
        await self.engine.start()
        self.cell.versions = self.engine.about().versions
        self.progress = Progress(f"{self.cell.backend} {self.cell.vocabulary}", answers)
        try:
            await self._compile()
            self.cell.answers = self.cell.unreadable = 0
            began = time.monotonic()
            tokens = await self._pour(map(self._converse, self.conversations[:answers]))
            seconds = time.monotonic() - began
            if not self.calls:
                return
            free_tokens, free_answers = await self._free(min(FREE, answers))
            again = zip(
                range(self.cell.answers, answers), itertools.cycle(self.calls), strict=False
            )
            began = time.monotonic()
            tokens += await self._pour(self._ask(call, number) for number, call in again)
            seconds += time.monotonic() - began
            self.cell.answers_a_second = self.cell.answers / seconds
            self.cell.answer_pace = self.cell.answers_a_second / free_answers
            self.cell.token_pace = tokens / seconds / free_tokens
        finally:
            await self.engine.close()

    async def _compile(self) -> None:
        """The first request of each constraint, timed against its second."""
        before = _memory()
        for one in {id(one.part): one for one in self.conversations}.values():
            seconds = []
            for _ in range(2):
                began = time.monotonic()
                await self._converse(one)
                seconds.append(time.monotonic() - began)
            self.cell.compile_seconds += max(0.0, seconds[0] - seconds[1])
        self.cell.memory = max(0.0, _memory() - before)
        self.calls.clear()

    async def _free(self, count: int) -> tuple[float, float]:
        """Tokens and answers a second of some of the calls, decoded freely."""

        async def answer(call: Call) -> int:
            return (await self.engine.answer(replace(call, constrained=False))).output_tokens

        began = time.monotonic()
        chosen = itertools.islice(itertools.cycle(self.calls), count)
        tokens = await self._pour(map(answer, chosen))
        seconds = time.monotonic() - began
        return tokens / seconds, count / seconds

    async def _pour(self, turns: Iterator[Coroutine[Any, Any, int]]) -> int:
        """Do all of them, many at once; the tokens written."""
        tokens = 0

        async def work() -> None:
            nonlocal tokens
            for turn in turns:
                written = await turn
                tokens += written
                self.progress.asked = self.cell.answers
                self.progress.unreadable = self.cell.unreadable
                self.show(self.progress)

        await asyncio.gather(*(work() for _ in range(WIDTH + WIDTH // 4)))
        return tokens

    async def _converse(self, one: Conversation) -> int:
        """One conversation; each of its answers is read by the witness too."""
        seed = digest(str(self.cell.seed), one.trials[0].key)
        session = Session(self.engine, seed, HOTTEST, True)
        problem = ""
        try:
            await converse(one, session, self.lm)
        except EngineGone:
            raise
        except Unreadable as error:
            problem = error.kind
        except EngineFailure as error:
            problem = str(error)
            self.cell.answers += 1
        for asked in session.calls:
            self.calls.append(asked.call)
            problem = self._read(asked.call, asked.reply) or problem
        if problem:
            self._disproved(problem, session.calls[-1].reply.text if session.calls else "")
        return sum(asked.reply.output_tokens for asked in session.calls)

    async def _ask(self, call: Call, number: int) -> int:
        """One call once more, with the seed of this number."""
        seed = int(digest(str(self.cell.seed), str(number)), 16) % 2**31
        try:
            reply = await self.engine.answer(replace(call, seed=seed))
        except EngineFailure as error:
            self.cell.answers += 1
            self._disproved(str(error), "")
            return 0
        problem = self._read(call, reply)
        if problem:
            self._disproved(problem, reply.text)
        return reply.output_tokens

    def _read(self, call: Call, reply: Reply) -> str:
        """Count an answer; what is wrong with it, if anything."""
        self.cell.answers += 1
        self.cell.longest = max(self.cell.longest, len(reply.text.encode()))
        if reply.finish_reason != "stop":
            return f'ended by "{reply.finish_reason}"'
        try:
            attest(self.asked[call.language.regex], reply.text)
        except Unreadable as error:
            return f"witness: {error.kind.split(':')[0]}"
        return ""

    def _disproved(self, problem: str, text: str) -> None:
        self.cell.unreadable += 1
        self.cell.kinds[problem] += 1
        if len(self.cell.examples) < 3:
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
            writer = csv.DictWriter(file, RECORDED)
            if new:
                writer.writeheader()
            writer.writerow(row)
    except OSError as error:
        raise StudyError(str(record), f"cannot be written: {error.strerror}") from None
