"""Candidates: the programs an optimiser tried, their scores, and what the one found is worth."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import dspy
import numpy as np

from ...analysis.measures import Array
from ...analysis.resampling import mean_interval
from .examples import Example
from .objective import Objective
from .split import ScenarioPart


@dataclass(frozen=True)
class Candidate:
    """A program that was tried: its state as JSON, and its mean score in train and validation.

    asked: of how many training examples; of validation each candidate is asked all.
    """

    number: int
    state: str
    train: float
    asked: int
    validation: float


@dataclass(frozen=True)
class Difference:
    """Mean scores on the test part: the program found, minus the program as it is.

    low, high: the 95% bootstrap interval of the difference over units, each a scenario or as many
    as the objective takes together. missing: units for which a side has no score.
    """

    before: float
    after: float
    difference: float
    low: float
    high: float
    units: int
    missing: int


@dataclass
class Scoreboard:
    """Scores by candidate's state and by case; states in the order first asked."""

    objective: Objective
    cases: Mapping[ScenarioPart, Sequence[Example]]
    scores: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))

    def keep(self, case: str, prediction: dspy.Prediction) -> float:
        """The objective's score of an answered case, NaN where undefined."""
        found = self.objective.score(prediction.answered)
        self.scores[prediction.state][case] = found
        return found

    def open(self, state: str, part: ScenarioPart) -> list[Example]:
        """The cases of a part that a state has no score for yet."""
        return [one for one in self.cases[part] if one.name not in self.scores[state]]

    def of(self, state: str, part: ScenarioPart) -> Array:
        """A state's scores in a part, in its order, NaN where undefined or never asked."""
        known = self.scores[state]
        return np.array([known.get(one.name, np.nan) for one in self.cases[part]])

    def history(self) -> list[Candidate]:
        """All candidates, the program as it is first."""
        return [
            Candidate(
                number,
                state,
                _mean(self.of(state, "train")),
                len(self.cases["train"]) - len(self.open(state, "train")),
                _mean(self.of(state, "validation")),
            )
            for number, state in enumerate(self.scores)
        ]

    def difference(self, before: str, after: str) -> Difference:
        """What the test part says of two states, paired on the units."""
        units = [one.unit for one in self.cases["test"]]
        return paired_difference(self.of(before, "test"), self.of(after, "test"), units)


def paired_difference(before: Array, after: Array, units: Iterable[str]) -> Difference:
    """before, after: [cases]; units: what each is about. The mean of a unit's cases counts once."""
    names, of = np.unique(np.array([*units]), return_inverse=True)
    both = np.isfinite(before) & np.isfinite(after)
    count = np.bincount(of[both], minlength=len(names))
    counted = count > 0
    sides = [
        np.bincount(of[both], one[both], len(names))[counted] / count[counted]
        for one in (before, after)
    ]
    apart = sides[1] - sides[0]
    lost = int((~counted).sum())
    return Difference(_mean(sides[0]), _mean(sides[1]), *mean_interval(apart), len(apart), lost)


def _mean(scores: Array) -> float:
    given = scores[np.isfinite(scores)]
    return float(given.mean()) if len(given) else float("nan")
