"""Output fields -> a finite language (Outlines) -> its longest text: parseable by construction.

The language of a signature is one regular expression for one JSON object: the keys in the
signature's order, one space after each comma and colon and no other, strings bounded in length and
free of anything JSON would escape. A `dict` whose keys are a `Literal` holds each of them once. The
language is finite, so a token budget of its longest text in bytes plus one (every token is at least
one byte) is always enough, and every text of it is strict JSON.

Two other ways of writing wrap the same fields as DSPy's own adapters do: `json` in lines of their
own, `chat` each under a header, a text or a choice without quotes.
"""

import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import dspy
from outlines.types import dsl

from .fields import (
    INLINE,
    FieldLanguage,
    Fields,
    alternatives,
    characters,
    choices,
    exactly,
    field_of,
    object_of,
    unannotated,
)

AdapterName = Literal["plain", "chat", "json"]

MOST_TRIED = 12
"""Values of a choice that a dry run tries, each in its turn."""

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
    fields = {
        name: (field.annotation, list(field.metadata))
        for name, field in signature.output_fields.items()
    }
    if written == "chat":
        held = _headed(fields, signature.__name__)
    else:
        marks = ("{\n  ", ",\n  ", "\n}") if written == "json" else INLINE
        held = object_of(fields, signature.__name__, marks)
    # Outlines escapes spaces, of which xgrammar warns at every request.
    return Language(dsl.to_regex(held.term).replace(r"\ ", " "), held.longest)


def variants(signature: Any, written: AdapterName) -> tuple[str, ...]:
    """An answer for each value of each choice, and for each member of a union, others at their
    longest; of a choice of many values the first and the last ones."""
    texts: dict[str, None] = {}
    for name, field in signature.output_fields.items():
        annotation, said = unannotated(field.annotation, field.metadata)
        values = choices(annotation, said)
        kinds: list[Any] = []
        if values is not None:
            ends = values if len(values) <= MOST_TRIED else [*values[:3], *values[-3:]]
            kinds = [Literal[value] for value in ends]
        elif get_origin(annotation) in (Union, types.UnionType):
            kinds = list(get_args(annotation))
        for kind in kinds:
            narrowed = signature.with_updated_fields(name, type_=kind)
            texts[language(narrowed, written).longest] = None
    return tuple(texts)


def header(name: str) -> str:
    """What stands above a field written as `chat`."""
    return f"[[ ## {name} ## ]]"


def each_item(annotation: Any) -> Any | None:
    """What `dict[str, X]` holds an answer of for each item of a call; None for other types."""
    if get_origin(annotation) is dict and get_args(annotation)[0] is str:
        return get_args(annotation)[1]
    return None


def _headed(fields: Fields, where: str) -> FieldLanguage:
    terms: list[dsl.Term] = []
    longest = ""
    for name, (annotation, metadata) in fields.items():
        held = _bare(annotation, metadata, f"{where}.{name}", name)
        lead = f"{header(name)}\n"
        terms += [exactly(lead), held.term, exactly("\n\n")]
        longest += f"{lead}{held.longest}\n\n"
    return FieldLanguage(dsl.Sequence([*terms, exactly(COMPLETED)]), longest + COMPLETED)


def _bare(annotation: Any, metadata: list[Any], where: str, name: str) -> FieldLanguage:
    """A field without quotes around a text or a choice; all else as in JSON."""
    kind, said = unannotated(annotation, metadata)
    values = choices(kind, said)
    if values is not None:
        return alternatives([str(value) for value in values], where)
    if kind is str:
        return characters(said, where, name)
    return field_of(kind, said, where, name)
