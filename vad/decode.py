"""Output fields -> a finite language (Outlines) -> its longest text: parseable by construction.

The language of a signature is one regular expression for one JSON object: the keys in the
signature's order, one space after each comma and colon and no other, strings bounded in length and
free of anything JSON would escape. A `dict` whose keys are a `Literal` holds each of them once. The
language is finite, so a token budget of its longest text in bytes plus one (every token is at least
one byte) is always enough, and every text of it is strict JSON.
"""

from dataclasses import dataclass
from typing import Any, get_args, get_origin

import dspy
from outlines.types import dsl

from .finite import object_of


@dataclass(frozen=True)
class Language:
    """A finite set of texts: the expression that decoding is held to, and one longest text."""

    regex: str
    longest: str

    @property
    def max_tokens(self) -> int:
        """The budget that no text of the language exceeds: its bytes, and the end of sequence."""
        return len(self.longest.encode()) + 1


def language(signature: type[dspy.Signature]) -> Language:
    """The language of a signature's output fields.

    Raises StudyError, with the line to write, for a field that cannot be made finite.
    """
    fields = {
        name: (field.annotation, list(field.metadata))
        for name, field in signature.output_fields.items()
    }
    held = object_of(fields, signature.__name__)
    return Language(dsl.to_regex(held.term), held.longest)


def each_item(annotation: Any) -> Any | None:
    """What `dict[str, X]` holds an answer of for each item of a call; None for other types."""
    if get_origin(annotation) is dict and get_args(annotation)[0] is str:
        return get_args(annotation)[1]
    return None
