"""Answering: where an answer stands that is in no output field named value or action."""

from typing import Any

import dspy

from ..constraints.choices import choices

DECLARED = "_vad_answering"


def answering(module: dspy.Module, field: str, among: Any = None) -> dspy.Module:
    """Declare where the answer to a module's question stands in its prediction.

        action = vad.answering(dspy.Predict(Choose), "choice")
        action = vad.answering(Argmax(), "action", Literal["A", "B", "C", "D", "E", "F"])

    field: of the prediction. among: the answers it may hold, in the order of the options, where it
    follows in Python and no output field has them: a Literal, an Enum, bool, or the values
    themselves. Raises ValueError for what is no choice.
    """
    values = None
    if among is not None:
        values = list(among) if isinstance(among, list | tuple) else choices(among, [])
        if not values:
            raise ValueError(f"among={among!r} is no choice; write: Literal['A', 'B', ...]")
    setattr(module, DECLARED, (field, tuple(values) if values is not None else None))
    return module


def declared(module: dspy.Module, question: str) -> tuple[str, list[Any] | None]:
    """The prediction's field that answers a question, and the answers declared for it."""
    field, values = getattr(module, DECLARED, (question, None))
    return field, list(values) if values is not None else None
