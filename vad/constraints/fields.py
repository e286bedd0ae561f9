"""Finite: an output field's type -> an Outlines term for all its JSON texts, and the longest one.

Literal       its values, written as JSON
bool          true or false
int           with both bounds (ge, gt, le, lt; multiple_of too), at most 10,000 values
str           with max_length, of printable ASCII; Unicode (below) is of any living script
list          of any of these, with max_length; min_length = max_length fixes its length
Optional, |   the texts of each member, null among them
dict          over a Literal of keys, each of which stands in it once
models        pydantic's, with fields of all these, nested as deep as they are

What cannot be made finite, or what pydantic would check beyond what decoding can be held to, is
refused with the line to write.
"""

import json
import math
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen, MultipleOf
from outlines.types import dsl
from pydantic import BaseModel, RootModel, Strict
from pydantic.fields import FieldInfo

from ..errors import StudyError

PLAIN_CHARACTERS = r" !#-\[\]-~"
"""Printable ASCII without quote and backslash: a byte each, and JSON escapes none of them."""

OTHER_SCRIPTS = "\u00a0-\u2027\u202f-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\uffef"
"""The rest of the Basic Multilingual Plane: no controls, no line or direction marks, no private
use, no replacement character. Emoji and rare historic scripts lie outside the plane."""

WIDEST_CHARACTER = "\u754c"
"""A character of SCRIPTS in three bytes of UTF-8; none of the plane has more."""

MOST_NUMBERS = 10_000
INLINE = ("{", ", ", "}")
Fields = dict[str, tuple[Any, list[Any]]]
"""Each field's type and what else its definition says of it (`FieldInfo.metadata`)."""


class AnyScript:
    """Marks a text that may be written in any living script; see `Unicode`."""


Unicode = Annotated[str, AnyScript()]
"""A text in any script, `reasoning: Unicode = dspy.OutputField(max_length=400)`: the bound is in
characters, the budget in bytes, three a character."""

KNOWN = (Ge, Gt, Le, Lt, MultipleOf, MinLen, MaxLen, Strict, AnyScript)


@dataclass(frozen=True)
class FieldLanguage:
    """All texts of a type, as a term, and one that no other exceeds in bytes."""

    term: dsl.Term
    longest: str


def choices(annotation: Any, metadata: Iterable[Any]) -> list[Any] | None:
    """All values of an output field in their order, when it is a choice; None when it is not."""
    annotation, said = unannotated(annotation, metadata)
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if annotation is bool:
        return [True, False]
    if annotation is int:
        low, high = _bounds(said)
        if low is not None and high is not None and high - low < MOST_NUMBERS:
            steps = [one.multiple_of for one in said if isinstance(one, MultipleOf)]
            return [n for n in range(low, high + 1) if all(n % step == 0 for step in steps)]  # type: ignore[operator]
    return None


def item_names(annotation: Any) -> list[str]:
    """The keys of `dict[Literal[...], X]`, each of which the language holds once; else none."""
    if get_origin(annotation) is dict and get_origin(get_args(annotation)[0]) is Literal:
        return list(get_args(get_args(annotation)[0]))
    return []


def object_of(
    fields: Fields, where: str, marks: tuple[str, str, str] = INLINE, inside: tuple[Any, ...] = ()
) -> FieldLanguage:
    """A JSON object with these keys in their order; marks: what opens, parts and closes it."""
    opening, between, closing = marks
    terms: list[dsl.Term] = []
    longest = ""
    for place, (name, (annotation, metadata)) in enumerate(fields.items()):
        lead = (between if place else opening) + _json(name, where) + ": "
        held = field_of(annotation, metadata, f"{where}.{name}", name, inside)
        terms += [exactly(lead), held.term]
        longest += lead + held.longest
    return FieldLanguage(dsl.Sequence([*terms, exactly(closing)]), longest + closing)


def field_of(
    annotation: Any, metadata: Iterable[Any], where: str, name: str, inside: tuple[Any, ...] = ()
) -> FieldLanguage:
    """The JSON texts of one field; StudyError, with the line to write, if there is no end of them.

    name: of the field, "" for the entries of a list. inside: the models that it is a part of.
    """
    annotation, said = unannotated(annotation, metadata)
    _hold(said, where)
    origin = get_origin(annotation)
    values = choices(annotation, said)
    if values is not None:
        return alternatives([_json(value, where) for value in values], where)
    if annotation is str:
        bare = characters(said, where, name, inside)
        return FieldLanguage(
            dsl.Sequence([exactly('"'), bare.term, exactly('"')]), f'"{bare.longest}"'
        )
    if origin is list:
        return _list(get_args(annotation)[0], said, where, name, inside)
    if item_names(annotation):
        kind = get_args(annotation)[1]
        return object_of(dict.fromkeys(item_names(annotation), (kind, said)), where, inside=inside)
    if origin in (Union, types.UnionType):
        members = [
            FieldLanguage(exactly("null"), "null")
            if kind is type(None)
            else field_of(kind, said, where, name, inside)
            for kind in get_args(annotation)
        ]
        longest = max((one.longest for one in members), key=_size)
        return FieldLanguage(dsl.Alternatives([one.term for one in members]), longest)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation, where, inside)
    if annotation is int and None not in _bounds(said):
        raise StudyError(where, f"is an int with more than {MOST_NUMBERS} values")
    raise not_finite(annotation, where, name, inside)


def characters(
    metadata: Iterable[Any], where: str, name: str, inside: tuple[Any, ...] = ()
) -> FieldLanguage:
    """A bounded text without its quotes; at least one character unless min_length says else."""
    said = list(metadata)
    _hold(said, where)
    most, least = _lengths(said, 1)
    if most is None:
        raise not_finite(str, where, name, inside)
    if not 0 <= least <= most or most < 1:
        raise StudyError(where, f"is to have at least {least} and at most {most} characters")
    any_script = any(isinstance(one, AnyScript) for one in said)
    one = dsl.Regex(f"[{PLAIN_CHARACTERS}{OTHER_SCRIPTS if any_script else ''}]")
    return FieldLanguage(
        dsl.QuantifyBetween(one, least, most), (WIDEST_CHARACTER if any_script else "x") * most
    )


def alternatives(texts: list[str], where: str) -> FieldLanguage:
    """One of these texts."""
    if not texts or len(texts) > MOST_NUMBERS:
        raise StudyError(where, f"has {len(texts)} values; a choice has 1 to {MOST_NUMBERS}")
    return FieldLanguage(dsl.Alternatives([exactly(text) for text in texts]), max(texts, key=_size))


def exactly(text: str) -> dsl.Term:
    """The text itself; a line's end escaped as every backend reads it, which re.escape does not."""
    if "\n" not in text:
        return dsl.String(text)
    lines = [dsl.String(line) for line in text.split("\n")]
    return dsl.Sequence([one for line in lines for one in (dsl.Regex(r"\n"), line)][1:])


def unannotated(annotation: Any, metadata: Iterable[Any]) -> tuple[Any, list[Any]]:
    """A type out of its `Annotated`, and all that was said of it, one thing at a time."""
    said = list(metadata)
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        said += more
    return annotation, list(_flat(said))


def _flat(said: Iterable[Any]) -> Iterator[Any]:
    for one in said:
        if isinstance(one, FieldInfo):
            yield from _flat(one.metadata)
        elif isinstance(one, GroupedMetadata):
            yield from _flat(one)
        else:
            yield one


def _hold(said: list[Any], where: str) -> None:
    """Refuse what pydantic would check and decoding is not held to."""
    for one in said:
        if not isinstance(one, KNOWN):
            shown = ", ".join(getattr(one, "__dict__", None) or [type(one).__name__])
            raise StudyError(
                where,
                f"asks for more than decoding can be held to: {shown}",
                "leave that out; min_length, max_length, ge, gt, le, lt and multiple_of are held",
            )


def _list(
    kind: Any, said: list[Any], where: str, name: str, inside: tuple[Any, ...]
) -> FieldLanguage:
    most, least = _lengths(said, 0)
    if most is None:
        raise not_finite(list, where, name, inside)
    if not 0 <= least <= most or most < 1:
        raise StudyError(where, f"is to have at least {least} and at most {most} entries")
    item = field_of(kind, [], f"{where}[]", "", inside)
    more = dsl.Sequence([exactly(", "), item.term])
    rest = [dsl.QuantifyBetween(more, max(least - 1, 0), most - 1)] if most > 1 else []
    some: dsl.Term = dsl.Sequence([exactly("["), item.term, *rest, exactly("]")])
    term = some if least else dsl.Alternatives([exactly("[]"), some])
    return FieldLanguage(term, "[" + ", ".join([item.longest] * most) + "]")


def _model(model: type[BaseModel], where: str, inside: tuple[Any, ...]) -> FieldLanguage:
    if model in inside:
        raise StudyError(
            where,
            f"is a {model.__name__} within a {model.__name__}, without end",
            "write: a model of its own for each level",
        )
    checks = model.__pydantic_decorators__
    named = [*checks.field_validators, *checks.model_validators, *checks.validators]
    named += [key for key in model.model_config if key.startswith("str_")]
    renamed = [f"alias of {key}" for key, one in model.model_fields.items() if one.alias]
    for found in [*named, *renamed]:
        raise StudyError(
            where,
            f"{model.__name__} asks for more than decoding can be held to: {found}",
            "leave that out, and look at the answers after the run",
        )
    if issubclass(model, RootModel) or not model.model_fields:
        raise StudyError(where, f"{model.__name__} has no fields of its own to write")
    nested = {key: (one.annotation, one.metadata) for key, one in model.model_fields.items()}
    return object_of(nested, where, inside=(*inside, model))


def _lengths(said: list[Any], least: int) -> tuple[int | None, int]:
    most = [one.max_length for one in said if isinstance(one, MaxLen)]
    return min(most, default=None), max(
        (one.min_length for one in said if isinstance(one, MinLen)), default=least
    )


def _bounds(said: list[Any]) -> tuple[int | None, int | None]:
    low: list[Any] = [math.ceil(one.ge) for one in said if isinstance(one, Ge)]  # type: ignore[call-overload]
    low += [math.floor(one.gt) + 1 for one in said if isinstance(one, Gt)]  # type: ignore[call-overload]
    high: list[Any] = [math.floor(one.le) for one in said if isinstance(one, Le)]  # type: ignore[call-overload]
    high += [math.ceil(one.lt) - 1 for one in said if isinstance(one, Lt)]  # type: ignore[call-overload]
    return max(low, default=None), min(high, default=None)


def _json(value: Any, where: str) -> str:
    if not isinstance(value, str | int | None):
        raise StudyError(where, f"has the value {value!r}, which JSON cannot write")
    return json.dumps(value, ensure_ascii=False)


def _size(text: str) -> int:
    return len(text.encode())


LIST = "list[Literal[1, 2, 3]] = dspy.OutputField(min_length=1, max_length=10)"
INSTEAD = {
    str: ("a text without end", "str = dspy.OutputField(max_length=400)"),
    int: ("an int without both bounds", "int = dspy.OutputField(ge=1, le=10)"),
    float: ("a number without end of decimals", "int = dspy.OutputField(ge=0, le=100)"),
    list: ("a list without end", LIST),
    tuple: ("a tuple, which JSON does not have", LIST),
    set: ("a set, which JSON does not have", LIST),
    dict: (
        "a dict with any keys",
        'dict[Literal["first", "second"], Literal["yes", "no"]] = dspy.OutputField()',
    ),
}
"""What is wrong with a type as it stands, and what to write in its place."""


def not_finite(annotation: Any, where: str, name: str, inside: tuple[Any, ...]) -> StudyError:
    """The error for a field whose texts have no end.

    name: of the field, "" for the entries of a list. inside: the models that it is a part of.
    """
    kind = get_origin(annotation) or annotation
    shown = getattr(annotation, "__name__", str(annotation))
    what, line = INSTEAD.get(kind, (f"the type {shown}", INSTEAD[str][1]))
    if not name:
        write, arguments = line.split(" = dspy.OutputField")
        line = f"Annotated[{write}, Field{arguments}]"
    elif inside:
        line = f"{name}: {line.replace('dspy.OutputField', 'Field')}"
    else:
        line = f"{name}: {line}"
    return StudyError(where, f"is {what}: no budget of tokens could cover it", f"write: {line}")
