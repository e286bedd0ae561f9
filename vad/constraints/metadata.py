"""Metadata: what a field's definition says beside its type - bounds, lengths, a pattern."""

import math
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Any, get_args, get_origin

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen, MultipleOf
from pydantic import Strict
from pydantic.fields import FieldInfo

from ..errors import StudyError

MOST_VALUES = 10_000
"""Values of a choice: each stands in the expression."""


class AnyScript:
    """Marks a text that may be written in any living script; see `Unicode`."""


class ItemByItem:
    """Marks an answer for each item of a call: an item that cannot be read is its own loss."""


KNOWN = (Ge, Gt, Le, Lt, MultipleOf, MinLen, MaxLen, Strict, AnyScript, ItemByItem)


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


def require_known(said: list[Any], where: str) -> None:
    """Refuse what pydantic would check and decoding is not held to."""
    for one in said:
        if not isinstance(one, KNOWN) and set(getattr(one, "__dict__", ())) != {"pattern"}:
            shown = ", ".join(getattr(one, "__dict__", None) or [type(one).__name__])
            raise StudyError(
                where,
                f"asks for more than decoding can be held to: {shown}",
                "leave that out; min_length, max_length, ge, gt, le, lt, multiple_of and pattern "
                "are held",
            )


def lengths(said: list[Any], least: int) -> tuple[int | None, int]:
    """The most and the least characters or entries; `least` where nothing is said of it."""
    most = [one.max_length for one in said if isinstance(one, MaxLen)]
    return min(most, default=None), max(
        (one.min_length for one in said if isinstance(one, MinLen)), default=least
    )


def pattern_of(said: list[Any]) -> str | None:
    """The regular expression that a text is to have."""
    for one in said:
        pattern = getattr(one, "__dict__", {}).get("pattern")
        if pattern is not None:
            return str(getattr(pattern, "pattern", pattern))
    return None


def numbers(kind: type, said: list[Any]) -> list[Any] | None:
    """All ints, or floats with a step, within the bounds; None where there are too many.

    A step counts from zero, as pydantic's multiple_of does. All is reckoned in fractions of the
    decimals as written, so three steps of .1 are .3.
    """
    steps = [_exact(one.multiple_of) for one in said if isinstance(one, MultipleOf)]
    if kind is int:
        steps.append(Fraction(1))
    ends = bounds(said)
    if not steps or None in ends or min(steps) <= 0:
        return None
    step = steps[0]
    for other in steps[1:]:
        step = _common(step, other)
    (low, above), (high, below) = ends  # type: ignore[misc]
    first, last = math.ceil(_exact(low) / step), math.floor(_exact(high) / step)
    first += above and first * step == _exact(low)
    last -= below and last * step == _exact(high)
    if last - first >= MOST_VALUES:
        return None
    return [kind(place * step) for place in range(first, last + 1)]


def dates(said: list[Any]) -> list[date] | None:
    """All days within the bounds; None where there are too many."""
    ends = bounds(said)
    if None in ends:
        return None
    (low, above), (high, below) = ends  # type: ignore[misc]
    first, last = low + timedelta(above), high - timedelta(below)
    if (last - first).days >= MOST_VALUES:
        return None
    return [first + timedelta(days) for days in range((last - first).days + 1)]


def bounds(said: list[Any]) -> tuple[tuple[Any, bool] | None, tuple[Any, bool] | None]:
    """The bound below and the one above, each with whether it is itself left out."""
    low: list[Any] = [(one.ge, False) for one in said if isinstance(one, Ge)]
    low += [(one.gt, True) for one in said if isinstance(one, Gt)]
    high: list[Any] = [(one.le, False) for one in said if isinstance(one, Le)]
    high += [(one.lt, True) for one in said if isinstance(one, Lt)]
    low, high = ([one for one in ends if not _endless(one[0])] for ends in (low, high))
    return (
        max(low, default=None),
        min(high, key=lambda one: (one[0], not one[1]), default=None),
    )


def _endless(number: Any) -> bool:
    return isinstance(number, float) and not math.isfinite(number)


def _exact(number: Any) -> Fraction:
    return Fraction(str(number))


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The least step that is a whole number of both."""
    return Fraction(
        math.lcm(one.numerator * other.denominator, other.numerator * one.denominator),
        one.denominator * other.denominator,
    )
