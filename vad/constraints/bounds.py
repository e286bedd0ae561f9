"""Bounds: limits put on texts that DSPy's own modules and optimisers leave without one."""

from copy import deepcopy
from functools import cache
from typing import Any

import dspy
from annotated_types import MaxLen

REASONING_BOUND = 400
"""Characters of the `reasoning` that dspy.ChainOfThought adds, where nothing else bounds it."""


def bounded(module: dspy.Module) -> dspy.Module:
    """The module with a bound on every `reasoning` that dspy.ChainOfThought has added to it."""
    module = module.deepcopy()
    for _, thinking in module.named_sub_modules(dspy.ChainOfThought):
        predictor = thinking.predict
        fields = deepcopy(predictor.signature.fields)
        added = fields["reasoning"]
        if added.annotation is str and not any(isinstance(m, MaxLen) for m in added.metadata):
            added.metadata.append(MaxLen(REASONING_BOUND))
            predictor.signature = dspy.Signature(fields, predictor.signature.instructions)
    return module


PROPOSED_BOUND = 1000
"""Characters of what an optimiser has written: a summary, an instruction."""


@cache
def bounded_texts(signature: Any) -> Any:
    """The signature with a bound on each text that has none."""
    fields = deepcopy(signature.fields)
    for name in signature.output_fields:
        field = fields[name]
        if field.annotation is str and not any(isinstance(m, MaxLen) for m in field.metadata):
            field.metadata.append(MaxLen(PROPOSED_BOUND))
    return dspy.Signature(fields, signature.instructions)
