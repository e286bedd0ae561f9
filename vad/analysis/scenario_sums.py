"""Sums over scenarios: what a measure that is compared adds to them, and how it follows from them.

A bootstrap resample weighs the scenarios by how often each was drawn; a permutation exchanges two
conditions' rows in some of them. Either way the sums are a product of matrices, and every figure
that is a function of sums follows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .measures import Array, mean_answer, side

Counts = Literal["counted", "judged"]
"""Which scenarios a figure rests on: those with both mean answers, or those with both sides."""

ROUNDING = 2e-6
"""What rounding may do to a figure; an expected distance below it is zero."""


class ScenarioAnswers:
    """One condition's answers, a scenario a place: arrays of [scenarios], NaN where missing.

    stated, chosen: the mean value and the mean action, on [-1, 1]. said, did: the side of each,
    1 agree or aligned, 0 the other. counted, judged: whether both of those are there.
    """

    def __init__(self, values: Array, actions: Array) -> None:
        self.stated, self.chosen = mean_answer(values), mean_answer(actions)
        self.said, self.did = side(values), side(actions)
        self.counted = np.isfinite(self.stated) & np.isfinite(self.chosen)
        self.judged = np.isfinite(self.said) & np.isfinite(self.did)


Term = Callable[[ScenarioAnswers], Array]
"""What each scenario adds to a sum: [scenarios]; what it is where none counts is of no account."""


@dataclass(frozen=True)
class Sums:
    """Sums over scenarios, [...] each, by the name of the term.

    columns: the place of each term. sums: [..., columns]. scale: the steps of `distribution`.
    """

    columns: Mapping[str, int]
    sums: NDArray[Any]
    scale: Array

    def __getitem__(self, term: str) -> NDArray[Any]:
        return self.sums[..., self.columns[term]]

    def expected_distance(self) -> NDArray[Any]:
        """E: the mean of |v_s - a_t| over all scenarios s and t of the condition, exact.

        With F and G the distribution functions of v and a it is the integral of
        F (1 - G) + G (1 - F). NaN where it is 0.
        """
        steps, first = max(0, len(self.scale) - 1), len(self.columns)
        width = np.sqrt(np.diff(self.scale)).astype(self.sums.dtype)
        stated = self.sums[..., first : first + steps]
        chosen = self.sums[..., first + steps :]
        count = self["counted"]
        alone = np.einsum("...k,k->...", self.sums[..., first:], np.tile(width, 2)) / count
        both = np.einsum("...k,...k->...", stated, chosen) / count**2
        expected = alone - 2 * both
        return np.where(expected > ROUNDING, expected, np.nan)


@dataclass(frozen=True)
class Comparison:
    """How a measure is compared between conditions.

    label      its name in the table of comparisons
    counts     the scenarios it rests on
    of_sums    its figure from the sums over them
    adds       the sums it needs beside the number of scenarios and the distribution of the answers
    tie        what a tie counts in its permutation test
    mean_of    the term it is the mean of, if it is one: its standard error is then that of a mean
    """

    label: str
    counts: Counts
    of_sums: Callable[[Sums], NDArray[Any]]
    adds: Mapping[str, Term]
    tie: float = 1.0
    mean_of: str | None = None
