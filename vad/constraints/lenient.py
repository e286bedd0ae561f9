"""Lenient: which option an answer names, where the strict parser reads nothing.

The strict parser decides. This one is declared beside it: whoever says that free answers cannot be
read has to say how many of them a reader without a format to insist on would have understood.

It reads a label (a letter, a number) only where the line's end, punctuation or the option's own
words follow, or a line of the option's words alone; in fences, after a thought, with Python's
quotes. What names two options, recites them, denies one, or gives a label another option's words
stays unread.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from .language import header

MARKUP = re.compile(r"[*`]+|^\s*```\w*\s*$|\\boxed|\\text|(?<!\w)_+|_+(?!\w)", re.MULTILINE)
THOUGHT = re.compile(r"^.*</think(?:ing)?>", re.DOTALL)
OPEN_THOUGHT = re.compile(r"<think(?:ing)?>")
OPENS = r"(?<!\d\.)(?:^|(?<=[\s(\[{<\"'“‘:;,.!?>|/=-]))"
"""What stands before a label: nothing, a space or punctuation; no letter, no apostrophe."""
DENIES = re.compile(
    r"\b(?:not|never|neither|nor|cannot|except|without|instead of|rather than|against)\b|n['’]t\b",
    re.IGNORECASE,
)
SENTENCE_ENDS = re.compile(r"[.!?]\s|\n")
BESIDE_LABEL = r"[.):\]}>,;!?\"'”’|\s-]*"


def read_lenient(text: str, key: str, labels: Sequence[str], options: Sequence[str]) -> int | None:
    """The place of the one option that an answer names; None where it names none, or several.

    key: the field that the answer was to stand in. labels: what was to be written, in the order in
    which the options stood. options: their words, in that order.
    """
    text = THOUGHT.sub("", text)
    if OPEN_THOUGHT.search(text):
        return None
    text = MARKUP.sub("", text)
    labels, options = tuple(labels), tuple(map(_plain, options))
    given = _under_key(text, key)
    if given:
        places = {_whole(one, labels, options) for one in given}
        return places.pop() if len(places) == 1 else None
    return _in_prose(text, labels, options)


def _under_key(text: str, key: str) -> list[str]:
    """What stands under the answer's key: in JSON, in Python's way, or under a header."""
    field = (
        rf"(['\"]){re.escape(key)}\1\s*:\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s,}}\"'][^,}}\n]*))"
    )
    headed = rf"^{re.escape(header(key))}[ \t]*\n([^\n]+)$"
    written = [a or b or c for _, a, b, c in re.findall(field, text)]
    return written or re.findall(headed, text, re.MULTILINE)


def _whole(given: str, labels: tuple[str, ...], options: tuple[str, ...]) -> int | None:
    """The option that a field's content is: its label, its words, or the one with the other."""
    given = given.strip().strip("<>()[]").strip()
    if given in labels:
        return labels.index(given)
    if _plain(given) in options:
        return _only(_plain(given), options)
    return _in_prose(given, labels, options)


def _in_prose(text: str, labels: tuple[str, ...], options: tuple[str, ...]) -> int | None:
    found: set[int] = set()
    for mention in _mentions(labels).finditer(text):
        place = labels.index(mention["label"])
        rest = text[mention.end() :].split("\n")[0]
        beside = re.match(BESIDE_LABEL, rest)
        assert beside is not None
        words = _plain(rest[beside.end() :])
        named = _begins_with(words, options)
        if named is not None and named != place:
            return None
        if not (_ends_or_points(rest) or named == place):
            if not _only_a_word(mention["label"], rest):
                found.add(-1 - place)
            continue
        if DENIES.search(_sentence_before(text, mention.start())):
            return None
        found.add(place)
    # A label that stands by itself, though nothing that is read follows, is still one named.
    if len({place if place >= 0 else -1 - place for place in found}) > 1:
        return None
    read = {place for place in found if place >= 0}
    lines = [_plain(line) for line in text.splitlines()]
    spoken = {_only(line, options) for line in lines if line in options}
    read |= {place for place in spoken if place is not None}
    return read.pop() if len(read) == 1 and None not in spoken else None


@lru_cache
def _mentions(labels: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(sorted(map(re.escape, labels), key=len, reverse=True))
    return re.compile(rf"{OPENS}(?P<label>{either})(?![\w'’])(?!-\w)(?!\.\d)", re.MULTILINE)


def _ends_or_points(rest: str) -> bool:
    return (
        not rest.strip() or rest[0] in ".):]},;!?\"'”’|/=>" or rest.startswith((" -", " –", " —"))
    )


def _only_a_word(label: str, rest: str) -> bool:
    """Whether a label is the English article before a word, or a number before its unit."""
    follows = re.match(r"\s+([a-z]+)", rest)
    if follows is None or follows[1] in ("or", "and", "to", "is", "because", "over"):
        return False
    return label == "A" or label.isdigit()


def _begins_with(words: str, options: tuple[str, ...]) -> int | None:
    """The option whose words a line begins with, the longest that fits; None for none."""
    fits = [
        place
        for place, option in enumerate(options)
        if option and re.match(rf"{re.escape(option)}(?!\w)", words)
    ]
    return max(fits, key=lambda place: len(options[place]), default=None)


def _only(words: str, options: tuple[str, ...]) -> int | None:
    return options.index(words) if options.count(words) == 1 else None


def _sentence_before(text: str, at: int) -> str:
    ends = [end.end() for end in SENTENCE_ENDS.finditer(text, 0, at)]
    return text[ends[-1] if ends else 0 : at]


def _plain(words: str) -> str:
    """Words without case, spacing, and what is written around them."""
    return " ".join(words.split()).strip(" .,;:!?\"'“”‘’()[]{}<>-").casefold()
