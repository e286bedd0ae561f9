"""Patterns: a field's regular expression -> one that is finite, and safe between JSON's quotes.

Every character of it is printable ASCII that JSON writes as it is, or stands in the pattern itself;
what has no end, looks around or refers back is refused.
"""

import importlib
import re
from dataclasses import dataclass
from typing import Any

parser: Any = importlib.import_module("re._parser")
code: Any = importlib.import_module("re._constants")

ASCII = frozenset(chr(n) for n in range(32, 127) if chr(n) not in '"\\')
DIGITS = frozenset("0123456789")
WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") | DIGITS
SPACE = frozenset(" ")
CATEGORIES = {
    "CATEGORY_DIGIT": DIGITS,
    "CATEGORY_NOT_DIGIT": ASCII - DIGITS,
    "CATEGORY_WORD": WORD,
    "CATEGORY_NOT_WORD": ASCII - WORD,
    "CATEGORY_SPACE": SPACE,
    "CATEGORY_NOT_SPACE": ASCII - SPACE,
}
BEGINS, ENDS = ("AT_BEGINNING", "AT_BEGINNING_STRING"), ("AT_END", "AT_END_STRING")


class Endless(Exception):
    """Why a pattern cannot be held to."""


@dataclass(frozen=True)
class FinitePattern:
    """An expression, one of its texts that no other exceeds in bytes, and its lengths."""

    regex: str
    longest: str
    least: int
    most: int


def finite_pattern(pattern: str) -> FinitePattern:
    """A pattern's texts from end to end; Endless, with the reason, where they cannot be held to."""
    try:
        tree = parser.parse(pattern)
    except re.error as error:
        raise Endless(f"it is no regular expression ({error})") from None
    items = list(tree)
    if items and items[0][0] is code.AT and str(items[0][1]) in BEGINS:
        items = items[1:]
    if items and items[-1][0] is code.AT and str(items[-1][1]) in ENDS:
        items = items[:-1]
    return _sequence(items)


def _sequence(items: list[Any]) -> FinitePattern:
    parts = [_part(kind, said) for kind, said in items]
    return FinitePattern(
        "".join(one.regex for one in parts),
        "".join(one.longest for one in parts),
        sum(one.least for one in parts),
        sum(one.most for one in parts),
    )


def _part(kind: Any, said: Any) -> FinitePattern:
    if kind is code.LITERAL:
        return _characters(frozenset(chr(said)))
    if kind is code.NOT_LITERAL:
        return _characters(ASCII - {chr(said)})
    if kind is code.ANY:
        return _characters(ASCII)
    if kind is code.IN:
        return _characters(_set(said))
    if kind is code.SUBPATTERN and not said[1] and not said[2]:
        inner = _sequence(list(said[3]))
        return FinitePattern(f"({inner.regex})", inner.longest, inner.least, inner.most)
    if kind is code.BRANCH:
        ways = [_sequence(list(one)) for one in said[1]]
        return FinitePattern(
            f"({'|'.join(one.regex for one in ways)})",
            max((one.longest for one in ways), key=lambda text: len(text.encode())),
            min(one.least for one in ways),
            max(one.most for one in ways),
        )
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT):
        least, most, inner = said
        if most is code.MAXREPEAT:
            raise Endless("a repetition in it has no end")
        one = _sequence(list(inner))
        regex = f"({one.regex}){{{least},{most}}}"
        return FinitePattern(regex, one.longest * most, one.least * least, one.most * most)
    what = "an anchor within it" if kind is code.AT else f"it holds {str(kind).lower()}"
    raise Endless(f"{what}, which no finite expression has")


def _set(items: list[Any]) -> frozenset[str]:
    negated = items[0][0] is code.NEGATE
    found: set[str] = set()
    for kind, said in items[negated:]:
        if kind is code.LITERAL:
            found.add(chr(said))
        elif kind is code.RANGE:
            found |= {chr(n) for n in range(said[0], min(said[1], said[0] + 70_000) + 1)}
        elif kind is code.CATEGORY:
            found |= CATEGORIES[str(said)]
    return frozenset(ASCII - found if negated else found)


def _characters(found: frozenset[str]) -> FinitePattern:
    """One of these characters, but for those that JSON would escape."""
    safe = sorted(one for one in found if one in ASCII or "\xa0" <= one < "\ud800")
    if not safe:
        raise Endless(f"JSON escapes {min(found)!r}" if found else "a class in it holds nothing")
    longest = max(safe, key=lambda one: len(one.encode()))
    if len(safe) == 1:
        return FinitePattern(_escape(safe[0]), longest, 1, 1)
    runs: list[list[str]] = []
    for one in safe:
        if runs and ord(one) == ord(runs[-1][1]) + 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    spans = (
        _escape(first) + (f"-{_escape(last)}" if first != last else "") for first, last in runs
    )
    return FinitePattern(f"[{''.join(spans)}]", longest, 1, 1)


def _escape(character: str) -> str:
    return f"\\{character}" if character in r".^$*+?{}[]\|()-" else character
