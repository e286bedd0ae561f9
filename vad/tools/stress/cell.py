"""Cell: one cell of the stress test at work: a round as in a run, then the same calls again."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

from ...constraints.adapter import call_language, narrow
from ...design.trials import Conversation, Plan
from ...engines.base import Call, Engine, Reply
from ...errors import EngineFailure, EngineGone, Unreadable
from ...runs.conversation import converse
from ...runs.scheduler import Progress
from ...runs.session import Session
from ...study.hashing import digest
from ...study.models import Sampling
from .independent_parser import parse_independently
from .record import CellRecord

HOTTEST = Sampling(temperature=2.0, top_p=1.0, top_k=0)
WIDTH = 128
FREE = 256
"""Answers decoded freely, to compare the speed with."""

Show = Callable[[Progress], None]


class StressCell:
    """One cell at work: each constraint compiled once, a round of conversations, then its calls.

    The round holds the experiment's conversations as a run does, DSPy and the strict reader of runs
    included. After it the same calls are put again and again, with seeds of their own;
    the independent parser reads every answer of both.
    """

    def __init__(self, engine: Engine, plan: Plan, cell: CellRecord, show: Show) -> None:
        self.engine = engine
        self.cell = cell
        self.show = show
        self.conversations = plan.conversations
        self.calls: list[Call] = []
        self.asked: dict[str, Any] = {}
        for one in plan.conversations:
            for each in one.part.signatures:
                told = narrow(each, one.adapter.offered)  # type: ignore[arg-type]
                self.asked[call_language(told, one.adapter.written).regex] = told

    async def run(self, answers: int) -> None:
        """The cell's answers, counted and read."""
        await self.engine.start()
        self.cell.versions = self.engine.about().versions
        self.progress = Progress(f"{self.cell.backend} {self.cell.vocabulary}", answers)
        try:
            await self._compile()
            self.cell.answers = self.cell.unreadable = 0
            began = time.monotonic()
            tokens = await self._run_all(map(self._converse, self.conversations[:answers]))
            seconds = time.monotonic() - began
            if not self.calls:
                return
            free_tokens, free_answers = await self._free(min(FREE, answers))
            again = zip(
                range(self.cell.answers, answers), itertools.cycle(self.calls), strict=False
            )
            began = time.monotonic()
            tokens += await self._run_all(self._ask(call, number) for number, call in again)
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
        tokens = await self._run_all(map(answer, chosen))
        seconds = time.monotonic() - began
        return tokens / seconds, count / seconds

    async def _run_all(self, turns: Iterator[Coroutine[Any, Any, int]]) -> int:
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
        """One conversation; each of its answers is read by the independent parser too."""
        seed = digest(str(self.cell.seed), one.trials[0].key)
        session = Session(self.engine, seed, HOTTEST, True)
        problem = ""
        try:
            await converse(one, session)
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
            parse_independently(self.asked[call.language.regex], reply.text)
        except Unreadable as error:
            return f"parser: {error.kind.split(':')[0]}"
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
