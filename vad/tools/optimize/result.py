"""Found: what came of an optimisation, and what it cost."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ...design.trials import Plan
from ...engines.base import Call, Reply
from .examples import Example
from .objective import Objective
from .scoreboard import Candidate, Difference
from .split import ScenarioPart
from .student import Student


@dataclass(frozen=True)
class OptimizationResult:
    """What came of it.

    before, after: states. calls: by stage, in order. failed: calls that gave nothing, those of the
    optimiser itself among them, by what was said.
    """

    plan: Plan
    optimizer: str
    objective: Objective
    cases: dict[ScenarioPart, list[Example]]
    student: Student
    before: str
    after: str
    history: list[Candidate]
    test: Difference
    calls: dict[str, list[tuple[Call, Reply]]]
    failed: Counter[str]
    engine: dict[str, Any]

    def cost(self) -> dict[str, dict[str, int]]:
        """Calls and tokens by stage."""
        return {
            stage: {
                "calls": len(calls),
                "prompt_tokens": sum(reply.prompt_tokens for _, reply in calls),
                "output_tokens": sum(reply.output_tokens for _, reply in calls),
            }
            for stage, calls in self.calls.items()
        }
