"""Output fields -> a finite language (Outlines) -> its longest text: parseable by construction.

The language of a signature is one regular expression for one JSON object: the keys in the
signature's order, one space after each comma and colon and no other, strings bounded in length and
free of anything JSON would escape. A `dict` whose keys are a `Literal` holds each of them once. The
language is finite, so a token budget of its longest text in bytes plus one (every token is at least
one byte) is always enough, and every text of it is strict JSON.

Two other ways of writing wrap the same fields as DSPy's own adapters do: `json` in lines of their
own, `chat` each under a header, a text or a choice without quotes.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

import dspy

from .containers import INLINE, json_object
from .field_language import FieldLanguage, exactly
from .fields import bare_field, field_of
from .metadata import ItemByItem
from .outlines_types import dsl

AdapterName = Literal["plain", "chat", "json"]

COMPLETED = "[[ ## completed ## ]]"
"""What closes an answer written as `chat`."""


@dataclass(frozen=True)
class Language:
    """A finite set of texts: the expression that decoding is held to, and one longest text."""

    regex: str
    longest: str

    @property
    def max_tokens(self) -> int:
        """The budget that no text of the language exceeds: its bytes, and the end of sequence."""
        return len(self.longest.encode()) + 1


def language(signature: type[dspy.Signature], written: AdapterName = "plain") -> Language:
    """The language of a signature's output fields.

    Raises StudyError, with the line to write, for a field that cannot be made finite.
    """
    held = _answer(signature, written)
    # Outlines escapes spaces, of which xgrammar warns at every request.
    return Language(dsl.to_regex(held.term).replace(r"\ ", " "), held.longest)


def variants(signature: type[dspy.Signature], written: AdapterName) -> tuple[str, ...]:
    """Answers that a program may branch on, one for each value of each choice, for each member of
    a union, for a list at its shortest, all else at its longest.

    Of a choice of many values the first and the last ones.
    """
    return tuple(dict.fromkeys(_answer(signature, written).tried))


def answer_schema(signature: type[dspy.Signature]) -> dict[str, Any]:
    """The answer as a JSON schema, for providers that take no other constraint.

    Every field required, in the signature's order, no other key.
    """
    return json_object(fields_of(signature), {}).schema  # type: ignore[arg-type]


def output_format(signature: type[dspy.Signature]) -> str:
    """The answer to be written, with a placeholder for each field: one line of JSON."""
    words = {name: described(field) for name, field in signature.output_fields.items()}
    return json_object(fields_of(signature), words).shown("")  # type: ignore[arg-type]


@cache
def fields_of(signature: Any) -> dict[str, FieldLanguage]:
    """The language of each output field, as it stands in JSON."""
    return {
        name: field_of(field.annotation, field.metadata, f"{signature.__name__}.{name}", name)
        for name, field in signature.output_fields.items()
    }


@cache
def bare_fields_of(signature: Any) -> dict[str, FieldLanguage]:
    """The language of each output field, as it stands under a header."""
    return {
        name: bare_field(field.annotation, field.metadata, f"{signature.__name__}.{name}", name)
        for name, field in signature.output_fields.items()
    }


def described(field: Any) -> str:
    """What a field's author says of it; DSPy fills in its name where nothing was said."""
    said = str((field.json_schema_extra or {}).get("desc") or "")
    return "" if said.startswith("${") else said


def header(name: str) -> str:
    """What stands above a field written as `chat`."""
    return f"[[ ## {name} ## ]]"


def each_item(annotation: Any) -> Any | None:
    """What `dict[str, X]` holds an answer of for each item of a call; None for other types."""
    if get_origin(annotation) is dict and get_args(annotation)[0] is str:
        return get_args(annotation)[1]
    return None


def among_items(signature: Any, name: str, items: tuple[str, ...]) -> Any:
    """The signature with its `dict[str, X]` held to an answer for each of these items."""
    kind = dict[Literal[items], each_item(signature.output_fields[name].annotation)]  # type: ignore[misc, valid-type]
    held = signature.with_updated_fields(name, kind)
    held.output_fields[name].metadata.append(ItemByItem())
    return held


def _answer(signature: Any, written: AdapterName) -> FieldLanguage:
    if written == "chat":
        return _headed(bare_fields_of(signature))
    marks = ("{\n  ", ",\n  ", "\n}") if written == "json" else INLINE
    return json_object(fields_of(signature), {}, marks=marks)


def _headed(held: dict[str, FieldLanguage]) -> FieldLanguage:
    """Fields under their headers, as dspy.ChatAdapter writes them; the parser reads each alone."""
    terms: list[dsl.Term] = []
    for name, one in held.items():
        terms += [exactly(f"{header(name)}\n"), one.term, exactly("\n\n")]
    longest = {name: one.longest for name, one in held.items()}

    def text(values: dict[str, str]) -> str:
        return "".join(f"{header(name)}\n{one}\n\n" for name, one in values.items()) + COMPLETED

    tried = tuple(
        text(longest | {name: other}) for name, one in held.items() for other in one.tried
    )
    whole = json_object(held, {})
    term = dsl.Sequence([*terms, exactly(COMPLETED)])
    return FieldLanguage(term, text(longest), whole.read, whole.schema, whole.shown, tried)
