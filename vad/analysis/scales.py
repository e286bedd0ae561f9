"""Scales: what the letters and numbers of somebody's answers stand for, told or found out.

A scale is written from the end that scores 1 (strongest agreement, strongest alignment) to the end
that scores -1, its steps equally spaced: A..F, F..A, 1..-1, 0..1, 1..5. Letters alone do not tell
how many there were, nor numbers from 0 to 1 where they began. What the answers leave open is
refused, never assumed.
"""

import re
from dataclasses import dataclass
from string import ascii_uppercase as ALPHABET

import numpy as np
import pandas as pd

from ..errors import StudyError, unknown
from ..study.questions import QUESTIONS
from .measures import Array

PUBLISHED_LETTERS = 6
"""Options a question has where nothing else tells: the published A to F."""

MOST_OPTIONS = 12

MOST_WITHOUT_LAST = 12
"""Answers without an F that may yet come from A..F: from 13 on, A..E is ten times as likely to have
given them ((6 / 5) ** 13 > 10)."""

ENDS = {"value": ("agree", "disagree"), "action": ("aligned", "opposed")}
RIGHT = (
    "a scale runs from its end that scores 1 to the one that scores -1",
    "write --scale A..D for both questions, or --scale value=A..D,action=A..B; of numbers: 1..0",
)


@dataclass(frozen=True)
class Scale:
    """A question's scale as its two ends: both letters, or both numbers; `top` scores 1."""

    top: str
    bottom: str

    @property
    def lettered(self) -> bool:
        """Whether its ends are letters, not numbers."""
        return self.top in ALPHABET

    @property
    def options(self) -> int:
        """How many letters it has, its ends among them."""
        return abs(ALPHABET.index(self.top) - ALPHABET.index(self.bottom)) + 1

    def scored(self, found: "pd.Series[float]") -> "pd.Series[float]":
        """Numbers on it as scores on [-1, 1]; of letters, their places in the alphabet from 0."""
        ends = [ALPHABET.index(one) for one in (self.top, self.bottom) if self.lettered]
        top, bottom = ends or (float(self.top), float(self.bottom))
        return 1 - 2 * (found - top) / (bottom - top)

    def __str__(self) -> str:
        return f"{self.top}..{self.bottom}"


Scales = dict[str, Scale]
"""A scale a question; a question that is not in it has the layout's own."""


def parse_scales(text: str) -> Scales:
    """`A..D` for both questions, or `value=A..D,action=A..B`; StudyError if it is none."""
    found: Scales = {}
    for part in (one.strip() for one in text.split(",")):
        match = re.fullmatch(r"(?:(\w+)\s*=\s*)?(\S+?)\.\.(\S+)", part)
        question, top, bottom = match.groups() if match else (None, "", "")
        letters = len(top) == len(bottom) == 1 and {top, bottom} <= {*ALPHABET}
        numbers = all(re.fullmatch(r"-?(\d+\.?\d*|\.\d+)", one) for one in (top, bottom))
        if not (letters or numbers) or top == bottom or (numbers and float(top) == float(bottom)):
            raise StudyError("--scale", f'found "{part}"', *RIGHT)
        if question and question not in QUESTIONS:
            raise unknown("--scale", "question", question, "there are", QUESTIONS)
        for name in (question,) if question else QUESTIONS:
            if name in found:
                raise StudyError("--scale", f"gives the {name} question two scales", *RIGHT)
            found[name] = Scale(top, bottom)
    return found


def refuse_open_letters(letters: "dict[str, pd.Series[str]]", given: Scales, place: str) -> None:
    """Refuse letters that a scale shorter than A..F gave as likely, for questions without a scale.

    letters: the answers of each question, those that are missing left out.
    """
    told = {name: one for name, one in letters.items() if name not in given and len(one)}
    last = {name: str(one.max()) for name, one in told.items()}
    published = ALPHABET[PUBLISHED_LETTERS - 1]
    if any(one > published for one in last.values()):
        return  # The layout names the row.
    by_chance = {
        name
        for name, one in last.items()
        if one == ALPHABET[PUBLISHED_LETTERS - 2] and len(told[name]) <= MOST_WITHOUT_LAST
    }
    fit = {name for name, one in last.items() if one == published}
    fit |= by_chance if fit else set()
    found = {name: Scale("A", max(one, "B")) for name, one in last.items() if name not in fit}
    if found:
        beyond = ", ".join(f"beyond {last[name]} ({name} question)" for name in found)
        raise StudyError(
            f"{place}: letter",
            f"no letter is {beyond}: was that the last option, or {published}, which nobody chose?",
            _either(found, Scale("A", published)),
        )


def refuse_open_scores(scores: "dict[str, pd.Series[float]]", given: Scales, place: str) -> None:
    """Refuse scores that may be ones on 0..1, for questions without a scale.

    scores: those of each question that are not missing. One column with a score below 0 runs from
    -1, unless a question's own scores need fewer options on 0..1 than on -1..1.
    """
    told: dict[str, Array] = {
        name: np.unique(np.round(one.to_numpy(), 6)).astype(np.float64)
        for name, one in scores.items()
        if name not in given and len(one)
    }
    negative = any(one.min() < 0 for one in told.values())
    open_ = [
        name
        for name, one in told.items()
        if not negative or _better_on_unit(np.asarray(one, dtype=np.float64))
    ]
    if open_:
        raise StudyError(
            f"{place}: score, {' and '.join(open_)} question",
            "no score is between -1 and 0: do they run from 0 to 1, or from -1 to 1 and nobody "
            "took that side?",
            _either({name: Scale("1", "0") for name in open_}, Scale("1", "-1")),
        )


def _either(one: Scales, other: Scale) -> str:
    """The two lines to choose from; where both questions are open, each may differ."""
    first, second = (
        ",".join(f"{name}={scale}" for name, scale in each.items())
        for each in (one, dict.fromkeys(one, other))
    )
    return f"write --scale {first} or --scale {second}"


def _better_on_unit(found: Array) -> bool:
    """Whether scores, but for -1s that may be codes of missing ones, take fewer options on 0..1."""
    rest = found[found != -1]
    if not len(rest) or rest.min() < 0:
        return False
    if found.min() < 0 and not ((rest > 0) & (rest < 1)).any():
        return False
    return _fewest_options(1 - rest) < _fewest_options((1 - rest) / 2)


def _fewest_options(shares: Array) -> int:
    """The fewest equally spaced options on [0, 1] that hold them all, and both ends."""
    for options in range(2, 2 * MOST_OPTIONS + 1):
        steps = shares * (options - 1)
        if np.allclose(steps, steps.round(), atol=1e-4):
            return options
    return 2 * MOST_OPTIONS + 1
