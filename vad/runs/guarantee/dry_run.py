"""Dry run: a conversation's calls, each answered with the longest text it could be."""

import asyncio

from ...design.trials import Conversation
from ...engines.base import Call, EngineInfo, Reply
from ...study.models import PUBLISHED, Model
from ...study.source import Quote, last_line
from ..dspy_lm import RecordedCall, Session, converse, make_lm


class DryEngine:
    """Answers every call with the longest text of its language: what a prompt can grow to."""

    async def start(self) -> None:
        """Nothing to load."""

    async def answer(self, call: Call) -> Reply:
        """The longest answer there is."""
        return Reply(call.language.longest, "stop")

    async def close(self) -> None:
        """Nothing to end."""

    def about(self) -> EngineInfo:
        """No model at all."""
        return EngineInfo("dry")


def dry_run(conversation: Conversation, model: Model) -> list[RecordedCall]:
    """The calls of a conversation, each answered with the longest text it could be.

    Raises StudyError for a program that breaks on them, with what it raised and on which of its
    lines, and for one whose prediction does not answer what it was asked.
    """
    part = conversation.part
    session = Session(DryEngine(), "0", PUBLISHED, True, model)
    try:
        fields = asyncio.run(converse(conversation, session, make_lm()))
    except Exception as error:
        said = str(error).splitlines()[0] if str(error) else ""
        raise (last_line(error) or Quote(part.place)).error(
            f"breaks when it is tried: {type(error).__name__}: {said}"
        ) from None
    for question in part.questions:
        if question not in fields:
            raise (part.returned or Quote(part.place)).error(
                f"its prediction holds no {question}; it holds {', '.join(fields) or 'nothing'}",
                f"write, for example: return dspy.Prediction({question}=...)",
            )
    return session.calls
