"""Output fields -> a finite language (Outlines) -> its longest text: parseable by construction.

The language of a signature is one regular expression for one JSON object: the keys in the
signature's order, one space after each comma and colon and no other, strings bounded in length and
free of anything JSON would escape. A `dict` whose keys are a `Literal` holds each of them once. The
language is finite, so a token budget of its longest text in bytes plus one (every token is at least
one byte) is always enough, and every text of it is strict JSON.
"""

import json
import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import dspy
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from outlines.types import dsl
from pydantic import BaseModel

from .errors import StudyError

CHARACTERS = r"[ !#-\[\]-~]"
"""Printable ASCII without quote and backslash: a byte each, and JSON escapes none of them."""

MOST_NUMBERS = 10_000


@dataclass(frozen=True)
class Language:
    """A finite set of texts: the expression that decoding is held to, and one longest text."""

    regex: str
    longest: str

    @property
    def max_tokens(self) -> int:
        """The budget that no text of the language exceeds: its bytes, and the end of sequence."""
        return len(self.longest.encode()) + 1


@dataclass(frozen=True)
class _Part:
    term: dsl.Term
    longest: str


def language(signature: type[dspy.Signature]) -> Language:
    """The language of a signature's output fields.

    Raises StudyError, with the line to write, for a field that cannot be made finite.
    """
    fields = {
        name: (field.annotation, list(field.metadata))
        for name, field in signature.output_fields.items()
    }
    part = _object(fields, signature.__name__)
    return Language(dsl.to_regex(part.term), part.longest)


def choices(annotation: Any, metadata: list[Any]) -> list[Any] | None:
    """All values of an output field in their order, when it is a choice; None when it is not."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if annotation is bool:
        return [True, False]
    if annotation is int:
        low, high = _bounds(metadata)
        if low is not None and high is not None:
            return list(range(low, high + 1))
    return None


def each_item(annotation: Any) -> Any | None:
    """What `dict[str, X]` holds an answer of for each item of a call; None for other types."""
    if get_origin(annotation) is dict and get_args(annotation)[0] is str:
        return get_args(annotation)[1]
    return None


def item_names(annotation: Any) -> list[str]:
    """The keys of `dict[Literal[...], X]`, each of which the language holds once; else none."""
    if get_origin(annotation) is dict and get_origin(get_args(annotation)[0]) is Literal:
        return list(get_args(get_args(annotation)[0]))
    return []


def _object(fields: dict[str, tuple[Any, list[Any]]], where: str) -> _Part:
    terms: list[dsl.Term] = []
    longest = ""
    for place, (name, (annotation, metadata)) in enumerate(fields.items()):
        lead = ("{" if not place else ", ") + json.dumps(name, ensure_ascii=False) + ": "
        part = _field(annotation, metadata, f"{where}.{name}", name)
        terms += [dsl.String(lead), part.term]
        longest += lead + part.longest
    return _Part(dsl.Sequence([*terms, dsl.String("}")]), longest + "}")


def _field(annotation: Any, metadata: list[Any], where: str, name: str) -> _Part:
    values = choices(annotation, metadata)
    if values is not None:
        return _either(values, where)
    if annotation is str:
        return _text(metadata, where, name)
    if annotation is int:
        raise _endless(
            where, "an int without both bounds", f"{name}: int = dspy.OutputField(ge=1, le=10)"
        )
    origin = get_origin(annotation)
    if origin is list:
        return _list(get_args(annotation)[0], metadata, where, name)
    if item_names(annotation):
        kind = get_args(annotation)[1]
        return _object(dict.fromkeys(item_names(annotation), (kind, metadata)), where)
    if origin in (Union, types.UnionType):
        parts = [
            _Part(dsl.String("null"), "null")
            if kind is type(None)
            else _field(kind, metadata, where, name)
            for kind in get_args(annotation)
        ]
        term = dsl.Alternatives([part.term for part in parts])
        return _Part(term, max((part.longest for part in parts), key=_size))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        nested = {
            key: (field.annotation, list(field.metadata))
            for key, field in annotation.model_fields.items()
        }
        return _object(nested, where)
    shown = getattr(annotation, "__name__", str(annotation))
    raise _endless(
        where,
        f"the type {shown}",
        f"{name}: str = dspy.OutputField(max_length=400)",
    )


def _either(values: list[Any], where: str) -> _Part:
    if not values or len(values) > MOST_NUMBERS:
        raise StudyError(where, f"has {len(values)} values; a choice has 1 to {MOST_NUMBERS}")
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    return _Part(dsl.Alternatives([dsl.String(text) for text in texts]), max(texts, key=_size))


def _text(metadata: list[Any], where: str, name: str) -> _Part:
    most = next((one.max_length for one in metadata if isinstance(one, MaxLen)), None)
    least = next((one.min_length for one in metadata if isinstance(one, MinLen)), 1)
    if any(getattr(one, "pattern", None) for one in metadata):
        raise StudyError(where, "has a pattern; bound the text with max_length instead")
    if most is None:
        raise _endless(
            where, "a text without end", f"{name}: str = dspy.OutputField(max_length=400)"
        )
    if not least <= most:
        raise StudyError(where, f"is to have at least {least} and at most {most} characters")
    term = dsl.Sequence(
        [dsl.String('"'), dsl.QuantifyBetween(dsl.Regex(CHARACTERS), least, most), dsl.String('"')]
    )
    return _Part(term, f'"{"x" * most}"')


def _list(kind: Any, metadata: list[Any], where: str, name: str) -> _Part:
    most = next((one.max_length for one in metadata if isinstance(one, MaxLen)), None)
    least = next((one.min_length for one in metadata if isinstance(one, MinLen)), 0)
    if most is None:
        raise _endless(
            where,
            "a list without end",
            f"{name}: list[...] = dspy.OutputField(min_length=1, max_length=10)",
        )
    if not 0 <= least <= most or most == 0:
        raise StudyError(where, f"is to have at least {least} and at most {most} entries")
    inner = [MaxLen(400)] if kind is str else []
    item = _field(kind, inner, f"{where}[]", name)
    rest = dsl.QuantifyBetween(
        dsl.Sequence([dsl.String(", "), item.term]), max(least - 1, 0), most - 1
    )
    some: dsl.Term = dsl.Sequence([dsl.String("["), item.term, rest, dsl.String("]")])
    term = some if least else dsl.Alternatives([dsl.String("[]"), some])
    return _Part(term, "[" + ", ".join([item.longest] * most) + "]")


def _bounds(metadata: list[Any]) -> tuple[int | None, int | None]:
    low: int | None = None
    high: int | None = None
    for one in metadata:
        if isinstance(one, Ge):
            low = int(one.ge)  # type: ignore[call-overload]
        elif isinstance(one, Gt):
            low = int(one.gt) + 1  # type: ignore[call-overload]
        elif isinstance(one, Le):
            high = int(one.le)  # type: ignore[call-overload]
        elif isinstance(one, Lt):
            high = int(one.lt) - 1  # type: ignore[call-overload]
    return low, high


def _size(text: str) -> int:
    return len(text.encode())


def _endless(where: str, what: str, line: str) -> StudyError:
    return StudyError(where, f"is {what}: no budget of tokens could cover it", f"write: {line}")
