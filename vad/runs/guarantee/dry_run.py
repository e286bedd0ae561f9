"""Dry run: a program's calls, each answered with the longest text it could be, path by path.

A program may branch on what a model answers. So each of its choices is tried in its turn, the other
answers at their longest, as far as the bounds reach. What no dry run reached is checked again at
each call of the run itself.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dspy

from ...constraints.adapter import AdapterSettings, call_language, narrow
from ...constraints.choices import choice_text
from ...constraints.language import variants
from ...design.trials import Conversation
from ...engines.base import Call, EngineInfo, Reply
from ...errors import EngineFailure, Halt, ProgramFault, Unreadable
from ...study.models import PUBLISHED, Model
from ...study.source import Quote
from ..conversation import converse, in_every_thread
from ..session import RecordedCall, Session

MOST_STEPS = 40
"""Calls of one path; one that goes on is followed no further."""

MOST_PATHS = 120
SECONDS = 20.0
"""Of one dry run; a program that takes longer without a model is refused."""


class DryEngine:
    """Answers every call with the longest text of its language, or as it is told.

    answers: for the first calls, in the order in which they come; the longest text after them.
    """

    def __init__(self, answers: tuple[str, ...] = ()) -> None:
        self.answers = list(answers)

    async def start(self) -> None:
        """Nothing to load."""

    async def answer(self, call: Call) -> Reply:
        """The next answer there is, or the longest."""
        text = self.answers.pop(0) if self.answers else ""
        return Reply(text or call.language.longest, "stop")

    async def close(self) -> None:
        """Nothing to end."""

    def about(self) -> EngineInfo:
        """No model at all."""
        return EngineInfo("dry")


@dataclass(frozen=True)
class DryPath:
    """One way through a program: its calls, and whether it came to an end."""

    calls: list[RecordedCall]
    ended: bool = True


@dataclass
class DryRuns:
    """The paths of a conversation that were tried, that of the longest answers first.

    untried: choices that the bounds left out. unended: paths that were followed no further.
    """

    paths: list[DryPath] = field(default_factory=list)
    untried: int = 0

    def with_new_prompts(self) -> list[DryPath]:
        """The first path, and of the others those with a prompt that none before them had."""
        seen: set[str] = set()
        found: list[DryPath] = []
        for path in self.paths:
            prompts = {str(one.call.messages) for one in path.calls}
            if not found or not prompts <= seen:
                found.append(path)
            seen |= prompts
        return found

    @property
    def unended(self) -> int:
        """How many paths had no end within the bound."""
        return sum(not path.ended for path in self.paths)


def dry_run(conversation: Conversation, model: Model) -> list[RecordedCall]:
    """The calls of a conversation, each answered with the longest text it could be."""
    return every_path(conversation, model, most_paths=1).paths[0].calls


def every_path(conversation: Conversation, model: Model, most_paths: int = MOST_PATHS) -> DryRuns:
    """A dry run for each choice that a program may branch on, within the bounds.

    Raises ProgramFault for a program that breaks on them, with what it raised and on which of its
    lines, for one whose prediction does not answer what it was asked, and for one that finds no
    end in any path.
    """
    tried = _choices(conversation)
    shapes: set[tuple[str, ...]] = set()
    found = DryRuns()
    waiting: list[tuple[str, ...]] = [()]
    until = time.monotonic() + SECONDS
    while waiting:
        if len(found.paths) == most_paths or time.monotonic() > until:
            found.untried = len(waiting)
            break
        answers = waiting.pop(0)
        path = _follow(conversation, model, answers)
        found.paths.append(path)
        shape = tuple(one.call.language.regex for one in path.calls)
        if shape in shapes:
            continue
        shapes.add(shape)
        given = [one.reply.text for one in path.calls]
        for place in range(len(answers), len(shape)):
            others = (text for text in tried.get(shape[place], ()) if text != given[place])
            waiting += [(*given[:place], text) for text in others]
    if all(not path.ended for path in found.paths):
        raise Quote(conversation.part.place).fault(
            f"finds no end: {MOST_STEPS} calls in every path that was tried",
            "bound the loop, for example: for _ in range(5)",
        )
    if not found.untried and all(len(path.calls) == 1 for path in found.paths):
        _one_call.add(_kind(conversation))
    return found


def makes_one_call(conversation: Conversation) -> bool:
    """Whether a program was seen to make a single LM call on every path that was tried."""
    return type(conversation.part.module) is dspy.Predict or _kind(conversation) in _one_call


_one_call: set[tuple[str, str, AdapterSettings]] = set()


def _kind(conversation: Conversation) -> tuple[str, str, AdapterSettings]:
    return conversation.part.place, conversation.part.hash, conversation.adapter


def _choices(conversation: Conversation) -> dict[str, tuple[str, ...]]:
    """By the expression of a call, an answer for each value of each choice in it."""
    if type(conversation.part.module) is dspy.Predict:
        return {}  # nothing of the study's own comes after its one call
    settings = conversation.adapter
    narrowed = [narrow(one, settings.offered) for one in conversation.part.signatures]  # type: ignore[arg-type]
    return {
        call_language(one, settings.written).regex: variants(one, settings.written)
        for one in narrowed
    }


def _follow(conversation: Conversation, model: Model, answers: tuple[str, ...]) -> DryPath:
    session = Session(
        DryEngine(answers), "0", PUBLISHED, True, model, one_call=True, most_calls=MOST_STEPS
    )
    part = conversation.part
    try:
        with _alarm(part.place), in_every_thread():
            fields = _alone(converse(conversation, session))
    except ProgramFault:
        if len(session.calls) >= MOST_STEPS:
            return DryPath(session.calls, ended=False)
        raise
    except (Unreadable, EngineFailure) as error:
        raise Quote(part.place).fault(f"breaks when it is tried: {error}") from None
    for question in part.questions:
        if question not in fields:
            raise (part.returned or Quote(part.place)).fault(
                f"its prediction holds no {question}; it holds {', '.join(fields) or 'nothing'}",
                f"write, for example: return dspy.Prediction({question}=...)",
            )
        _offered(conversation, question, fields[question])
    return DryPath(session.calls)


def _offered(conversation: Conversation, question: str, given: Any) -> None:
    """ProgramFault where the module returns an answer that it was never offered."""
    part = conversation.part
    answers = part.answers.get(question)
    if part.many or answers is None or (given is None and part.may_decline(question)):
        return
    if not any(type(one) is type(given) and one == given for one in answers):
        raise (part.returned or Quote(part.place)).fault(
            f"its prediction's {question} is {given!r:.60}, which is none of "
            f"{', '.join(map(choice_text, answers))}",
            "return the answer as the model gave it",
        )


def _alone(asked: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """The result of a coroutine on a loop of its own, also where one runs already (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(asked)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asked).result()


@contextmanager
def _alarm(place: str) -> Iterator[None]:
    """Halt for what goes on without a call, where this thread can be interrupted at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise Halt(
            ProgramFault(place, f"took more than {SECONDS:.0f} s in a dry run that asks no model")
        )

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
