"""Contract: what a prompt program promises, checked when a study loads, its line quoted.

Every export is a dspy.Module (or a list of them, which the repeats take in turn). It takes only
inputs that the engine fills, answers its question with a choice, and bounds all that it lets a
model write. No predictor of it brings a model of its own.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import dspy

from ..constraints.choices import choices
from ..constraints.inputs import INPUTS, INPUTS_BOTH
from ..constraints.language import each_item, language
from ..errors import StudyError
from ..study.models import REFUSED
from ..study.questions import COMPETING, LEVEL, QUESTIONS
from ..study.source import Quote, SourceLines
from .answering import declared

EXPORTS = (*QUESTIONS, "both", COMPETING, LEVEL)


def forms_of(exported: Any, key: str, lines: SourceLines) -> list[dspy.Module]:
    """The forms of an export; StudyError if it is no module nor a list of them."""
    forms = exported if isinstance(exported, list) else [exported]
    if not forms or not all(isinstance(form, dspy.Module) for form in forms):
        raise lines.named(key).error(
            f"{key} is {exported!r:.80}, and no dspy.Module",
            f"write, for example: {key} = dspy.Predict(MySignature)",
        )
    return forms


def inputs_of(module: dspy.Module, both: bool, lines: SourceLines) -> tuple[str, ...]:
    """The inputs that a module takes; StudyError for one that nothing fills."""
    filled = INPUTS_BOTH if both else INPUTS
    names, required, quote = _taken(module, lines)
    for name in required:
        if name not in filled:
            raise quote(name).error(
                f'takes an input "{name}" that nothing fills',
                f"the engine fills: {', '.join(filled)}",
            )
    return tuple(name for name in names if name in filled)


def _taken(
    module: dspy.Module, lines: SourceLines
) -> tuple[list[str], list[str], Callable[[str], Quote]]:
    """The inputs a module takes, those it must have, and where each is written.

    A module that takes any (**kwargs) wraps another, as dspy.BestOfN does: the inner one's.
    """
    if isinstance(module, dspy.Predict):
        names = list(module.signature.input_fields)
        return names, names, partial(lines.field, module.signature.__name__)
    owner = type(module).__name__
    # DSPy warns whoever touches `forward` of a module itself.
    body = getattr(type(module), body_of(module), None)
    if body is None:
        raise lines.named(owner).error(f"{owner} has neither aforward nor forward")
    _, *parameters = inspect.signature(body).parameters.values()
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        own = vars(module).get("signature")
        if own is not None:  # dspy.ReAct: what its predictors take besides, it fills itself
            names = list(own.input_fields)
            return names, names, partial(lines.field, own.__name__)
        inner = [one for one in vars(module).values() if isinstance(one, dspy.Module)]
        if not inner:
            raise lines.named(owner).error(f"{owner} takes any input and asks no predictor")
        return _taken(inner[0], lines)
    names = [one.name for one in parameters]
    required = [one.name for one in parameters if one.default is one.empty]
    return names, required, partial(lines.parameter, owner)


def body_of(module: dspy.Module) -> str:
    """The name of what runs when a module is called."""
    return "aforward" if hasattr(module, "aforward") else "forward"


def answers_of(
    module: dspy.Module, question: str, lines: SourceLines, export: str
) -> tuple[list[Any], bool]:
    """The answers a module may give to a question, and whether it gives one for each of many items.

    Raises StudyError where no output field bears the question's name, or the one declared for it
    (`vad.answering`), or it is no choice.
    """
    field, given = declared(module, question)
    if given is not None:
        return given, False
    write = f'write, for example: {field}: Literal["A", "B"] = dspy.OutputField()'
    signatures = [predictor.signature for _, predictor in module.named_predictors()]
    fields = [
        (signature.__name__, signature.output_fields[field])
        for signature in signatures
        if field in signature.output_fields
    ]
    if not fields:
        raise lines.named(export).error(
            f"no signature of it has an output field named {field}",
            write,
            f"or say where its answer stands: {export} = vad.answering(..., {field!r}, "
            'Literal["A", "B"])',
        )
    owner, found = fields[-1]
    item = each_item(found.annotation)
    values = choices(item or found.annotation, list(found.metadata))
    if values is None:
        raise lines.field(owner, field).error(f"the output field {field} is no choice", write)
    return [value for value in values if value is not None], item is not None


def require_finite(signatures: Iterable[type[dspy.Signature]], lines: SourceLines) -> None:
    """StudyError, with the line to write, for an output field that cannot be made finite."""
    for signature in signatures:
        try:
            language(signature)
        except StudyError as error:
            field = error.where.split(".")[1].split("[")[0] if "." in error.where else ""
            said = f"{error.where} {error.lines[0]}"
            raise lines.field(signature.__name__, field).error(said, *error.lines[1:]) from None


def no_settings_that_break(module: dspy.Module, lines: SourceLines, export: str) -> None:
    """StudyError for a predictor that brings a model of its own, or what makes answers unreadable.

    A max_tokens is looked at in each call: one that covers the answer does no harm.
    """
    for name, predictor in module.named_predictors():
        for key in sorted((set(predictor.config) & set(REFUSED)) - {"max_tokens"}):
            raise lines.named(export).error(
                f"{export} sets {key}, which is refused: {REFUSED[key]}"
            )
        if predictor.lm is not None:
            raise lines.named(export).error(
                f"its predictor {name} brings a model of its own, {predictor.lm.model}",
                "leave that out: the experiment names the model, and the run records it",
            )
