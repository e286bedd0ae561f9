"""The plain manner: the prompt as the study wrote it, the answer one line of JSON."""

import re
from functools import cache
from typing import Any

import dspy

from ..errors import ProgramFault
from .field_language import FieldLanguage, NotRead
from .inputs import INPUTS, INPUTS_BOTH
from .language import described, fields_of, output_format
from .values import as_json, as_text, unfilled

INSTRUCTION = "Answer with one raw JSON object and nothing else."
"""Ends the system text of the plain manner; the other two say it in their own words."""

ASKS_FOR_JSON = re.compile(r"\s*" + r"\s+".join(map(re.escape, INSTRUCTION.split())) + r"\s*\Z")

BLOCKS = frozenset((*INPUTS, *INPUTS_BOTH))
"""Fields that the engine fills: blocks of text that say themselves what they are."""

Messages = list[dict[str, str]]


@cache
def without_format(signature: Any) -> Any:
    """The signature, its instructions without the sentence that asks for JSON.

    An adapter says itself how an answer is written: instructions that were saved with the sentence,
    or written with it by hand, would contradict `chat` and repeat `plain`.
    """
    kept = ASKS_FOR_JSON.sub("", signature.instructions)
    return signature if kept == signature.instructions else signature.with_instructions(kept)


def write_plain(
    signature: type[dspy.Signature], demos: list[dict[str, Any]], inputs: dict[str, Any]
) -> Messages:
    """System text: the signature's instructions, and that the answer is JSON.

    Demos and the messages of a dspy.History are earlier turns. User turn: the filled input fields
    in their order, the empty ones left out, then the output format, joined by blank lines.
    """
    signature, earlier = _history(signature, inputs)
    messages = [{"role": "system", "content": _system(signature.instructions)}]
    for demo in demos:
        messages += [
            {"role": "user", "content": user_turn(signature, demo)},
            {"role": "assistant", "content": _answer(signature, demo)},
        ]
    for message in earlier:
        if any(name in message for name in signature.input_fields):
            messages.append({"role": "user", "content": user_turn(signature, message)})
        if any(name in message for name in signature.output_fields):
            messages.append({"role": "assistant", "content": _answer(signature, message)})
    return [*messages, {"role": "user", "content": user_turn(signature, inputs)}]


def user_turn(signature: type[dspy.Signature], inputs: dict[str, Any]) -> str:
    """The filled fields and the output format, joined by blank lines."""
    return "\n\n".join([*filled_fields(signature, inputs), output_format(signature)])


def filled_fields(signature: type[dspy.Signature], inputs: dict[str, Any]) -> list[str]:
    """Each filled input field as it stands in the prompt.

    A field bears its name, and what its author says of it, where only that tells what it is: one
    that is described, or that is no block of the study's and not the only input.
    """
    turn = []
    for name, field in signature.input_fields.items():
        if unfilled(inputs.get(name)):
            continue
        text, said = as_text(inputs[name], name), described(field)
        if said or (name not in BLOCKS and len(signature.input_fields) > 1):
            text = f"{name} ({said}): {text}" if said else f"{name}: {text}"
        turn.append(text)
    return turn


def _system(instructions: str) -> str:
    """The instructions and the adapter's own, which goes on where a sentence has ended."""
    if not instructions:
        return INSTRUCTION
    return instructions + (" " if instructions[-1] in ".!?" else "\n") + INSTRUCTION


def _answer(signature: Any, given: dict[str, Any]) -> str:
    """An earlier answer as it would be written; a field that it lacks is left out."""
    return as_json(
        {
            name: given[name]
            for name, field in fields_of(signature).items()
            if name in given and (given[name] is not None or _nullable(field))
        }
    )


def _nullable(field: FieldLanguage) -> bool:
    try:
        return field.read(None) is None
    except NotRead:
        return False


def _history(
    signature: type[dspy.Signature], inputs: dict[str, Any]
) -> tuple[type[dspy.Signature], list[dict[str, Any]]]:
    """The signature without its dspy.History, and the earlier turns which that holds.

    Raises ProgramFault for a message that has no field of the signature: it would not be seen.
    """
    for name, field in signature.input_fields.items():
        if field.annotation is not dspy.History:
            continue
        given = inputs.get(name)
        signature = without(signature, (name,))  # type: ignore[arg-type]
        earlier = dspy.History.model_validate(given).messages if given is not None else []
        for message in earlier:
            if not set(message) & set(signature.fields):
                raise ProgramFault(
                    f"a message of its {name}",
                    f"has the keys {', '.join(map(str, message)) or '(none)'}; none is a field of "
                    f"{signature.__name__}",
                    f"the fields are: {', '.join(signature.fields)}",
                )
        return signature, earlier
    return signature, []


@cache
def without(signature: Any, names: tuple[str, ...]) -> Any:
    """The signature without these fields."""
    for name in names:
        signature = signature.delete(name)
    return signature
