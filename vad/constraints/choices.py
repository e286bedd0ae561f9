"""Choices: types with so few values that each stands in the expression.

Literal and Enum, bool, bounded int, float with a step, date between two days, and a union of these,
None among them.
"""

import json
import math
import types
from collections.abc import Callable, Iterable
from datetime import date
from enum import Enum
from itertools import groupby
from typing import Any, Literal, Union, get_args, get_origin

from ..errors import StudyError
from .field_language import FieldLanguage, NotRead, exactly, one_of, size
from .metadata import MOST_VALUES, dates, numbers, unannotated
from .outlines_types import dsl

MOST_TRIED = 12
"""Values of a choice that a dry run tries, each in its turn."""

MOST_LISTED = 10
"""Numbers or dates between two bounds that the plain manner lists; more are shown as a range."""


def choices(annotation: Any, metadata: Iterable[Any]) -> list[Any] | None:
    """All values of an output field in their order, when it is a choice; None when it is not."""
    annotation, said = unannotated(annotation, metadata)
    origin = get_origin(annotation)
    if origin is Literal:
        return list(get_args(annotation))
    if annotation is None or annotation is type(None):
        return [None]
    if annotation is bool:
        return [True, False]
    if annotation in (int, float):
        return numbers(annotation, said)
    if annotation is date:
        return dates(said)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return list(annotation)
    if origin in (Union, types.UnionType):
        members = [choices(kind, said) for kind in get_args(annotation)]
        if all(one is not None for one in members):
            return [value for one in members for value in one or []]
    return None


def choice_data(value: Any) -> Any:
    """A choice's value as JSON has it."""
    value = value.value if isinstance(value, Enum) else value
    return value.isoformat() if type(value) is date else value


def choice_text(value: Any) -> str:
    """A choice's value as a person reads it: no quotes, an Enum's value, a date in ISO's form."""
    return str(choice_data(value))


def choice(annotation: Any, values: list[Any], where: str, bare: bool = False) -> FieldLanguage:
    """The language of a choice; bare: without quotes, as dspy.ChatAdapter writes it."""
    data = [_data(value, where) for value in values]
    write = str if bare else _json
    texts = [write(one) for one in data]
    if not texts or len(texts) > MOST_VALUES:
        raise StudyError(where, f"has {len(texts)} values; a choice has 1 to {MOST_VALUES}")
    if twice := [text for text in texts if texts.count(text) > 1][:1] if bare else []:
        raise StudyError(
            where,
            f"has two values that read alike when they are written without quotes: {twice[0]}",
            'leave one out, or write: adapter = "plain"',
        )
    ends = texts if len(texts) <= MOST_TRIED else [*texts[:3], *texts[-3:]]
    ranged = unannotated(annotation, [])[0] in (int, float, date)
    return FieldLanguage(
        term=_days(data, "" if bare else '"') if type(values[0]) is date else _any_of(texts),
        longest=max(texts, key=size),
        read=_reader(values, data, ranged),
        schema=_schema(data, ranged),
        shown=lambda said: _shown(data, said, ranged),
        tried=tuple(ends),
    )


def _data(value: Any, where: str) -> Any:
    data = choice_data(value)
    if not isinstance(data, str | int | float | None) or (
        isinstance(data, float) and not math.isfinite(data)
    ):
        raise StudyError(where, f"has the value {value!r}, which JSON cannot write")
    return data


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _any_of(texts: list[str]) -> dsl.Term:
    return dsl.Alternatives([exactly(text) for text in dict.fromkeys(texts)])


def _days(days: list[str], quote: str) -> dsl.Term:
    """Dates by their months, whose names then stand in the expression once."""
    months = [
        dsl.Sequence([exactly(quote + month), _any_of([day[8:] + quote for day in same])])
        for month, same in groupby(days, lambda day: day[:8])
    ]
    return dsl.Alternatives(months)


def _reader(values: list[Any], data: list[Any], ranged: bool) -> Callable[[Any], Any]:
    """By type, too: to Python true is 1, and 1.0 is; but a whole number is a float to JSON."""
    known: dict[Any, Any] = {}
    for value, one in zip(values, data, strict=True):
        known.setdefault((type(one), one), value)
    kinds = {type(one) for one in data}

    def read(content: Any) -> Any:
        found = (type(content), content)
        if type(content) is int and found not in known and float in kinds:
            found = (float, float(content))
        try:
            return known[found]
        except (KeyError, TypeError):
            pass
        if not ranged:
            raise NotRead("not an option")
        number = type(content) is int or (type(content) is float and float in kinds)
        raise NotRead("out of bounds" if number or _is_day(content, kinds) else "wrong type")

    return read


def _is_day(content: Any, kinds: set[type]) -> bool:
    try:
        return str in kinds and bool(date.fromisoformat(content))
    except (ValueError, TypeError):
        return False


JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def _schema(data: list[Any], ranged: bool) -> dict[str, Any]:
    kinds = {type(one) for one in data}
    if ranged and kinds == {int} and len(data) > MOST_LISTED:
        step = data[1] - data[0]
        bounds = {"type": "integer", "minimum": data[0], "maximum": data[-1]}
        return bounds | ({"multipleOf": step} if step > 1 else {})
    named = {"type": JSON_TYPES[kinds.pop()]} if len(kinds) == 1 else {}
    return named | {"enum": data}


def _shown(data: list[Any], said: str, ranged: bool) -> str:
    """Texts in quotes, all else without; null by itself."""
    lead = f"{said}: " if said else ""
    if ranged and len(data) > MOST_LISTED:
        step = "" if type(data[0]) is str else f"{round(data[1] - data[0], 12):g}"
        steps = f" in steps of {step}" if step not in ("", "1") else ""
        text = f"<{lead}{data[0]} to {data[-1]}{steps}>"
        return f'"{text}"' if type(data[0]) is str else text
    shown = []
    texts = [one for one in data if type(one) is str]
    others = [_json(one) for one in data if type(one) is not str and one is not None]
    if texts:
        shown.append(f'"<{lead}{one_of(texts)}>"')
    if others:
        shown.append(f"<{'' if texts else lead}{one_of(others)}>")
    return " or ".join([*shown, *(["null"] if None in data else [])])
