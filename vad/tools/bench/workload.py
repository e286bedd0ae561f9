"""What is asked in every way: the calls of a plan, as a run would make them; what came of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ...design.trials import Plan
from ...engines.base import Call
from ...runs.conversation import converse
from ...runs.guarantee.dry_run import DryEngine
from ...runs.scheduler import session_for


@dataclass
class BenchAnswers:
    """What all questions came to; see rounds.Round."""

    questions: int
    unreadable: int
    output_tokens: int = 0
    served: float = 0.0


AnswerAll = Callable[[], Awaitable[BenchAnswers]]
"""Empties the prefix cache and answers all questions once."""


async def every_call(plan: Plan) -> list[Call]:
    """The LM calls of a plan, in its order."""
    calls = []
    for one in plan.conversations:
        session = session_for(DryEngine(), plan, one)
        await converse(one, session)
        calls += [asked.call for asked in session.calls]
    return calls
