"""Objectives: one-file functions in `objectives/` that say how good a program's answers are.

    '''Repeat agreement: how often a question gets the same answer when it is asked again.'''

    from vad import Answered

    def score(answered: Answered) -> float:
        return ...          # at most 1, the higher the better; NaN where there is nothing to say

A file may also say `ASKS`, the questions it needs (default: value and action), and `TOGETHER`, how
many scenarios it takes at a time (default 1): a figure that compares scenarios needs several.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import numpy as np

from ...analysis.measures import Array
from ...errors import StudyError
from ...study.loader import Study
from ...study.questions import LEVEL, QUESTIONS
from ...study.source import SourceLines

ASKABLE = (*QUESTIONS, LEVEL)


@dataclass(frozen=True)
class Answered:
    """What a program answered in one condition about one scenario, or TOGETHER of them.

    values, actions   [scenarios, repeats] on [-1, 1], NaN where no answer could be read; of a
                      question that the objective does not ask for there are no scenarios
    levels            [variables, repeats] on [-1, 1]: what a persona said of its own variables
    own               [variables]: where the persona stands on them
    """

    values: Array
    actions: Array
    levels: Array
    own: Array


@dataclass(frozen=True)
class Objective:
    """An objective by name: what it asks, of how many scenarios at a time, and its function."""

    name: str
    path: Path
    asks: tuple[str, ...]
    together: int
    function: Callable[[Answered], float]
    study: Study

    def score(self, answered: Answered) -> float:
        """The function's figure, NaN where it is undefined.

        Raises StudyError, its line quoted, for what the function raises and for no number.
        """
        try:
            with np.errstate(all="ignore"):
                found = self.function(answered)
        except Exception as error:
            raise self.study.broken(self.path, error) from None
        try:
            figure = float(found)
        except (TypeError, ValueError):
            figure = np.inf
        if not (isnan(figure) or figure <= 1):
            raise StudyError(
                f"{self.study.place(self.path)}: score",
                f"returned {found!r:.60}",
                "an objective is a number of at most 1, or NaN where it is not defined",
            )
        return figure


def load_objective(study: Study, name: str, where: str) -> Objective:
    """The objective of `objectives/NAME.py`; StudyError for a file that breaks the contract."""
    path = study.file("objectives", name, ".py", where, "objective")
    module = study.module("objectives", name)
    place = study.place(path)
    function = getattr(module, "score", None)
    if not callable(function):
        raise StudyError(
            place,
            "defines no function score",
            "write: def score(answered: Answered) -> float",
        )
    parameters = inspect.signature(function).parameters
    if len(parameters) != 1:
        raise (
            SourceLines(study, [path])
            .named("score")
            .error(
                f"score takes {len(parameters)} arguments, and is given one",
                "write: def score(answered: Answered) -> float",
            )
        )
    asks = getattr(module, "ASKS", QUESTIONS)
    if isinstance(asks, str) or not asks or not set(asks) <= set(ASKABLE):
        raise StudyError(
            f"{place}: ASKS",
            f"found {asks!r}; the questions are {', '.join(ASKABLE)}",
            f'write, for example: ASKS = ["{LEVEL}"]',
        )
    together = getattr(module, "TOGETHER", 1)
    if not isinstance(together, int) or together < 1:
        raise StudyError(
            f"{place}: TOGETHER", f"found {together!r}; it is a number of scenarios, 1 or more"
        )
    return Objective(name, path, tuple(asks), together, function, study)
