"""Anchors: the words that a persona's text shares with a dilemma.

A model may follow the word instead of the person: of a persona that is "obedient" it may choose
the action that says "obey". Words are the same where their first seven letters are.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from ...errors import StudyError
from ...study.scenarios import Scenario
from .scenario_rules import words

SHARED_LETTERS = 7


@dataclass(frozen=True)
class SharedWord:
    """A word of a persona's text that stands in a dilemma; own: not every persona's has it."""

    persona: str
    word: str
    own: bool
    scenario: str


def shared_words(texts: dict[str, str], scenarios: list[Scenario]) -> Iterator[SharedWord]:
    """Every word that each persona's text shares with each dilemma, its actions included.

    texts: each persona's, by its name, in one format.
    """
    of = {name: content_words(text) for name, text in texts.items()}
    common = set.intersection(*(set(own) for own in of.values()))
    for scenario in scenarios:
        there = content_words(" ".join([scenario.text, *(one.text for one in scenario.options)]))
        for name, own in of.items():
            for start in sorted(own.keys() & there.keys()):
                yield SharedWord(name, own[start], start not in common, scenario.id)


def content_words(text: str) -> dict[str, str]:
    """The words of a text that mean something by themselves, each by its first seven letters."""
    found: dict[str, str] = {}
    for word in words(text.replace("-", " ").lower()):
        if word not in ENGLISH_STOP_WORDS and not word.isdigit():
            found.setdefault(word[:SHARED_LETTERS], word)
    return found


def write_shared_words(path: Path, shared: dict[str, list[SharedWord]]) -> None:
    """Write a row a format, persona, word and dilemma; StudyError if that cannot be done."""
    rows = [{"format": name} | asdict(one) for name, found in shared.items() for one in found]
    try:
        pd.DataFrame(rows).to_csv(path, index=False)
    except OSError as error:
        raise StudyError(str(path), f"cannot be written: {error.strerror}") from None
