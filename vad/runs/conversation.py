"""Conversation: a program's module is run on its inputs, and what came of it is kept.

Whoever asks a program - a run, an optimiser, a judge, the stress test, a forecast, the library -
holds its conversations here.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from ..design.answering import declared
from ..design.trials import Conversation
from ..errors import EngineFailure, EngineGone, Halt, ProgramFault, StudyError, Unreadable
from ..study.source import Quote, last_line
from .lm import ConversationAdapter, OnlyOurs, lm_of
from .option_probabilities import option_probabilities
from .rows import call_rows, failed_rows, response_rows
from .session import Session

ATTEMPTS = 3
"""How often a conversation is held whose engine fails."""

ADAPTER = ConversationAdapter()
ONLY_OURS = OnlyOurs()


@dataclass
class Held:
    """A conversation that came to an end: its fields, or why an answer of it cannot be read."""

    conversation: Conversation
    session: Session
    fields: dict[str, Any] | None
    problem: Unreadable | None
    probabilities: dict[str, tuple[float, ...]]

    def responses(self) -> list[dict[str, Any]]:
        """A row a trial; ProgramFault where the module returned what was never offered."""
        if self.problem:
            return failed_rows(self.conversation, self.problem, self.session)
        assert self.fields is not None
        return response_rows(self.conversation, self.fields, self.session, self.probabilities)

    def calls(self) -> list[dict[str, Any]]:
        """A row an LM call."""
        return call_rows(self.conversation, self.session)


async def hold(
    one: Conversation,
    session: Callable[[], Session],
    failed: Callable[[int, str], None],
    probabilities: bool = False,
    trace: list[Any] | None = None,
) -> Held | None:
    """A conversation held, three times at most if the engine fails; None if it always does.

    session: makes one anew for each attempt. failed: hears of each failure, with its number.
    probabilities: whether those of the options are asked for too. Raises EngineGone, and
    ProgramFault for what the study's own code does.
    """
    for attempt in range(1, ATTEMPTS + 1):
        own = session()
        if trace is not None:
            trace.clear()
        try:
            fields = await converse(one, own, trace)
            options = await option_probabilities(one, own) if probabilities else {}
            return Held(one, own, fields, None, options)
        except Unreadable as problem:
            return Held(one, own, None, problem, {})
        except EngineGone:
            raise
        except EngineFailure as failure:
            failed(attempt, str(failure))
    return None


async def converse(
    one: Conversation, session: Session, trace: list[Any] | None = None
) -> dict[str, Any]:
    """Run a program's module on its inputs; the fields of its prediction.

    trace: what its predictors were given and answered is added to it, as DSPy's optimisers read it.
    Raises Unreadable for an answer that cannot be read, EngineFailure for one that did not come
    (DSPy wraps it in an error of its own, and a module may swallow it: the session keeps it),
    ProgramFault, with file and line, for whatever else stops the module, and for one that returns
    anything else than a prediction.
    """
    session.loop = asyncio.get_running_loop()
    session.adapter = one.adapter
    lm = lm_of(session)
    module = _own(one.part.module, lm)
    try:
        # DSPy would keep the last 10,000 prompts and traces in memory; every call is kept on disk.
        # Its own modules need a trace to write to; this one ends with the conversation.
        with dspy.context(
            lm=lm,
            adapter=ADAPTER,
            callbacks=[ONLY_OURS] if session.only_ours else [],
            disable_history=True,
            trace=[] if trace is None else trace,
        ):
            if isinstance(module, dspy.Predict) or hasattr(module, "aforward"):
                prediction = await module.acall(**one.inputs)
            else:
                prediction = await asyncio.to_thread(module, **one.inputs)
    except Unreadable:
        raise
    except Halt as halt:
        raise _fault(one, halt, halt.error) from None
    except AdapterParseError as error:
        # DSPy itself turns down an answer without a character; all others our adapter reads.
        if session.calls:
            raise Unreadable("empty", session.calls[-1].reply.text) from error
        raise _fault(one, error, error) from None
    except Exception as error:
        if session.failure:
            raise session.failure from None
        raise _fault(one, error, error) from None
    if session.failure:
        raise session.failure
    if prediction is None and session.calls:
        raise Unreadable("no answer", session.calls[-1].reply.text)
    if not isinstance(prediction, dspy.Prediction):
        raise _returned(one).fault(
            f"it returned {prediction!r:.60}, and no dspy.Prediction",
            "write, for example: return dspy.Prediction(action=...)",
        )
    fields = dict(prediction.items())
    for question in one.part.questions:
        field, _ = declared(one.part.module, question)
        if field != question and field in fields:
            fields[question] = fields.pop(field)
    return fields


@contextmanager
def in_every_thread() -> Iterator[None]:
    """For as long as a run lasts, calls are written as their sessions say, in whatever thread.

    A thread that a program starts itself knows nothing of the context it was started in.
    """
    before = dspy.settings.adapter
    try:
        dspy.configure(adapter=ADAPTER)
    except RuntimeError:  # another thread owns DSPy's settings; such calls are told of then
        yield
        return
    try:
        yield
    finally:
        dspy.configure(adapter=before)


def _own(module: dspy.Module, lm: dspy.LM) -> dspy.Module:
    """The module as it was loaded, its predictors with the conversation's LM.

    A module of the study's own may keep a state of its own, and threads of its own.
    """
    if type(module) is dspy.Predict:
        return module
    copied = module.deepcopy()
    for predictor in copied.predictors():
        if predictor.lm is None:
            predictor.lm = lm
    return copied


def _fault(one: Conversation, raised: BaseException, error: Exception) -> StudyError:
    """The fault of a program, at the last of the study's own lines that it passed through."""
    if isinstance(error, StudyError) and not isinstance(error, ProgramFault):
        return error
    place = last_line(raised) or Quote(one.part.place)
    if isinstance(error, ProgramFault):
        return place.fault(f"{error.where} {error.lines[0]}", *error.lines[1:])
    said = str(error).splitlines()[0] if str(error) else ""
    name = "" if isinstance(error, EngineFailure) else f"{type(error).__name__}: "
    return place.fault(f"breaks when it is asked: {name}{said}")


def _returned(one: Conversation) -> Quote:
    return one.part.returned or Quote(one.part.place)
