"""Bounds: limits put on texts that DSPy's own modules and optimisers leave without one."""

import inspect
import json
from copy import deepcopy
from functools import cache
from typing import Annotated, Any, Literal, Union

import dspy
from annotated_types import MaxLen
from dspy.predict.refine import OfferFeedback
from pydantic import ConfigDict
from typing_extensions import TypedDict, get_type_hints

from ..errors import StudyError
from .metadata import pattern_of, unannotated
from .texts import is_text

REASONING_BOUND = 400
"""Characters of a text that a module of DSPy's adds, where nothing else bounds it."""

PROPOSED_BOUND = 1000
"""Characters of what an optimiser has written: a summary, an instruction."""

ADDED = {"reasoning": dspy.ChainOfThought, "rationale": dspy.MultiChainComparison}
"""The texts that a module of DSPy's adds to a signature, by the field's name."""


def bounded(module: dspy.Module, characters: int = REASONING_BOUND) -> dspy.Module:
    """A copy of a module with a bound on every text that has none.

        classify = vad.bounded(dspy.ChainOfThought("sentence -> label"), 400)

    That is what DSPy's own modules leave open - ChainOfThought's reasoning, MultiChainComparison's
    rationale, ReAct's next_thought and the arguments of its tools - and what a signature does.
    Raises StudyError for a tool whose arguments have no end.
    """
    if characters < 1:
        raise StudyError("vad.bounded", f"is given {characters} characters", "write: 1 or more")
    module = _with_tools_bounded(module.deepcopy(), characters)
    for predictor in module.predictors():
        names = tuple(predictor.signature.output_fields)
        predictor.signature = _bound(predictor.signature, names, characters)
    return module


def with_own_bounds(module: dspy.Module) -> dspy.Module:
    """A copy of a module with a bound on what DSPy itself has added, as a program is loaded.

    A text of the program's own without a bound is left so, and refused with its line.
    """
    module = _with_tools_bounded(module.deepcopy(), REASONING_BOUND)
    for name, kind in ADDED.items():
        for _, adding in module.named_sub_modules(kind):
            predictor = adding.predict
            predictor.signature = _bound(predictor.signature, (name,), REASONING_BOUND)
    return module


@cache
def bounded_texts(signature: Any) -> Any:
    """The signature with a bound on each text that has none, as an optimiser's are."""
    return _bound(signature, tuple(signature.output_fields), PROPOSED_BOUND)


def _bound(signature: Any, names: tuple[str, ...], characters: int) -> Any:
    """The signature with a bound on those of these fields that are texts without one."""
    fields = deepcopy(signature.fields)
    changed = False
    for name in names:
        field = fields.get(name)
        if field is None:
            continue
        kind, said = unannotated(field.annotation, field.metadata)
        if _is_open(kind, said):
            field.metadata.append(MaxLen(characters))
            changed = True
    return dspy.Signature(fields, signature.instructions) if changed else signature


def _is_open(kind: Any, said: list[Any]) -> bool:
    bound = any(isinstance(one, MaxLen) for one in said) or pattern_of(said) is not None
    return is_text(kind) and not bound


def _with_tools_bounded(module: dspy.Module, characters: int) -> dspy.Module:
    """Every dspy.ReAct in it with a bound on its thoughts, and the arguments of its tools typed."""
    for _, acting in module.named_sub_modules(dspy.ReAct):
        calls = [_arguments(tool, characters) for tool in acting.tools.values()]
        predictor = acting.react
        held = _bound(predictor.signature, ("next_thought",), characters)
        kinds = list(dict.fromkeys(calls))
        kind: Any = Union[tuple(kinds)]  # noqa: UP007
        predictor.signature = held.with_updated_fields("next_tool_args", kind)
    return module


def _arguments(tool: dspy.Tool, characters: int) -> Any:
    """The arguments of a tool as a TypedDict, a bound on each text that has none."""
    called = tool.func if inspect.isroutine(tool.func) else tool.func.__call__
    hints = get_type_hints(called, include_extras=True)
    fields: dict[str, Any] = {}
    for name in tool.args or {}:
        kind = hints.get(name, (tool.arg_types or {}).get(name, Any))
        bare, said = unannotated(kind, [])
        if bare is Any:
            raise StudyError(
                f"tool {tool.name}: {name}",
                "has no type, so nothing says what the model may hand over",
                f"write: {name}: str",
            )
        if _is_open(bare, said):
            kind = Annotated[kind, MaxLen(characters)]
        fields[name] = kind
    if tool.has_kwargs:
        raise StudyError(f"tool {tool.name}", "takes any arguments", "write them one by one")
    return _typed_dict(tool.name, tuple(fields.items()))


@cache
def _typed_dict(name: str, fields: tuple[tuple[str, Any], ...]) -> Any:
    create: Any = TypedDict
    made = create(f"{name}_arguments", dict(fields))
    made.__pydantic_config__ = ConfigDict(extra="forbid")
    return made


def feedback_bounded(signature: Any, inputs: dict[str, Any]) -> Any:
    """The signature of a call, bounded where dspy.Refine asks for advice while it runs.

    Then the advice is a text for each of the modules that it names.
    """
    if signature is not OfferFeedback:
        return signature
    return _advice(signature, tuple(json.loads(inputs["module_names"])))


@cache
def _advice(signature: Any, modules: tuple[str, ...]) -> Any:
    kind = dict[Literal[modules], Annotated[str, MaxLen(REASONING_BOUND)]]  # type: ignore[valid-type]
    held = signature.with_updated_fields("advice", kind)
    return _bound(held, ("discussion",), REASONING_BOUND)
