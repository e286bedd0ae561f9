"""Answers in groups: what every measure of a group is computed from, each part once.

A figure is taken in a block (a condition, and each part of its scenarios that the groups tell
apart; F1 in the cells of the convention), and a group's figure is the mean of those of its blocks
in which it is defined. Arrays are [groups] unless they say otherwise.
"""

from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..study.questions import QUESTIONS
from .answers import Answers
from .conventions import Convention, Side
from .measures import (
    Array,
    Labels,
    as_ruled,
    cohen_kappa,
    confusion,
    expected_distance,
    f1,
    mean_answer,
    repeat_agreement,
    side,
    towards_agreement,
)

Flags = NDArray[np.bool_]


class GroupedAnswers:
    """Answers grouped by columns of their items (all in one where there is none), in a convention.

    By a column of the scenario that the convention's cells are not made of (by value, say), a cell
    is a condition and that column.
    """

    def __init__(self, answers: Answers, convention: Convention, by: tuple[str, ...]) -> None:
        self.answers = answers
        self.convention = convention
        self.by = by
        self.group = answers.grouped(by)
        self.n = self.group.n
        self.blocks = answers.grouped([*answers.conditions, *self._of_scenario])

    def each(self, measure: Callable[[Array, Array, Convention], float]) -> Array:
        """A pure function of a block's values and actions, both [scenarios, repeats]."""
        values, actions = self.answers.values, self.answers.actions
        found = [
            measure(values[own], actions[own], self.convention)
            for own in _members(self.blocks.of, self.blocks.n)
        ]
        return mean_in(self.group.of[self.blocks.first], np.array(found, dtype=np.float64), self.n)

    def f1(self, positive: Side | None = None) -> Array:
        """F1 of a class, by default the convention's."""
        filled = self._f1(positive or self.convention.positive)
        empty = np.isnan(filled) & self._counted
        filled = np.where(empty, self.convention.undefined, filled)
        return mean_in(self._cell_groups, filled, self.n)

    def cells(self) -> Labels:
        """How many cells F1 was taken in."""
        return np.bincount(self._cell_groups[self._counted], minlength=self.n)

    def undefined_cells(self) -> Labels:
        """In how many of them the convention's F1 is undefined."""
        empty = np.isnan(self._f1(self.convention.positive)) & self._counted
        return np.bincount(self._cell_groups[empty], minlength=self.n)

    def kappa(self) -> Array:
        """Cohen's kappa of the two sides."""
        said, did = self._sides
        kappa = cohen_kappa(confusion(said, did, self.blocks.of, self.blocks.n))
        return mean_in(self.group.of[self.blocks.first], kappa, self.n)

    def distance(self) -> Array:
        """Mean |value - action|."""
        return mean_in(self._units.within, self._units.observed, self.n)

    def expected_distance(self) -> Array:
        """The distance if a block's own values and actions were paired at random."""
        return mean_in(self._units.within, self._units.expected, self.n)

    def corrected_gap(self) -> Array:
        """1 - distance / expected distance."""
        expected = self._units.expected
        chance = np.where(expected > 0, expected, np.nan)
        return mean_in(self._units.within, 1 - self._units.observed / chance, self.n)

    def signed_gap(self) -> Array:
        """Mean of value minus action, counted towards agreement."""
        gap = mean_in(self._units.of, self._units.gap, self._units.n)
        return mean_in(self._units.within, towards_agreement(self.convention) * gap, self.n)

    def scenarios(self) -> Labels:
        """Scenarios, a condition each, in which the distance is defined."""
        return np.bincount(self.group.of[self._both], minlength=self.n)

    def repeat_agreement(self, question: str) -> Array:
        """The share of pairs of repeats of a question that gave the same answer."""
        return mean_in(self.group.of, repeat_agreement(self._asked(question)), self.n)

    def asked(self) -> Labels:
        """Answers asked for."""
        return self._count(~np.isinf(one) for one in map(self._asked, QUESTIONS))

    def missing(self) -> Labels:
        """Answers that are missing or unreadable."""
        return self._count(np.isnan(one) for one in map(self._asked, QUESTIONS))

    def filled(self) -> Labels:
        """Missing actions that the convention counts as an answer."""
        counts = self.convention.missing_action is not None
        return self._count([np.isnan(self.answers.actions) & counts])

    @cached_property
    def _of_scenario(self) -> list[str]:
        return [name for name in self.by if name not in self.answers.conditions]

    @cached_property
    def _sides(self) -> tuple[Array, Array]:
        """What was said and what was done, [items] each, as `side` gives them."""
        ruled = as_ruled(self.answers.actions, self.convention)
        return side(self.answers.values, self.convention), side(ruled, self.convention)

    @cached_property
    def _cells(self) -> tuple[Array, Labels]:
        """The confusion of each cell, [cells, 2, 2], and an item of each."""
        whole = {*self._of_scenario} <= {*self.convention.cell}
        parts = self.convention.cell if whole else self._of_scenario
        cells = self.answers.grouped([*self.answers.conditions, *parts])
        return confusion(*self._sides, cells.of, cells.n), cells.first

    @cached_property
    def _cell_groups(self) -> Labels:
        return self.group.of[self._cells[1]]

    @cached_property
    def _counted(self) -> Flags:
        """Which cells hold a scenario that counts."""
        return np.asarray(self._cells[0].any(axis=(-2, -1)))

    def _f1(self, positive: Side) -> Array:
        return f1(self._cells[0], positive)

    @cached_property
    def _means(self) -> tuple[Array, Array]:
        """What was stated and what was chosen, [items] each, as `mean_answer` gives them."""
        ruled = as_ruled(self.answers.actions, self.convention)
        stated = mean_answer(self.answers.values, self.convention)
        return stated, mean_answer(ruled, self.convention)

    @cached_property
    def _both(self) -> Flags:
        stated, chosen = self._means
        both: Flags = np.isfinite(stated) & np.isfinite(chosen)
        return both

    @cached_property
    def _units(self) -> "_Units":
        stated, chosen = self._means
        if self.convention.distance == "scenario":
            blocks = self.blocks
            return _Units(stated, chosen, blocks.of, blocks.n, self.group.of[blocks.first])
        # Values first: all answers of a group that are about one of them are averaged.
        units = self.answers.grouped([*self.by, "value"])
        stated, chosen = (
            np.round(mean_in(units.of, np.where(self._both, one, np.nan), units.n), 14)
            for one in (stated, chosen)
        )
        return _Units(stated, chosen, self.group.of[units.first], self.n, np.arange(self.n))

    def _asked(self, question: str) -> Array:
        return self.answers.values if question == QUESTIONS[0] else self.answers.actions

    def _count(self, marked: Iterable[Flags]) -> Labels:
        """How many answers are marked, [items, repeats] each, in a group."""
        counts = [np.bincount(self.group.of, one.sum(axis=1), self.n) for one in marked]
        total: Labels = np.sum(counts, axis=0).astype(np.intp)
        return total


class _Units:
    """What a distance is the mean of, in its blocks: [units], or [blocks].

    of: the block of each unit; n: how many blocks; within: the group of each block.
    """

    def __init__(self, stated: Array, chosen: Array, of: Labels, n: int, within: Labels) -> None:
        self.of, self.n, self.within = of, n, within
        self.gap = stated - chosen
        self.observed = mean_in(of, np.abs(self.gap), n)
        self.expected = np.array(
            [expected_distance(stated[own], chosen[own]) for own in _members(of, n)]
        )


def mean_in(of: Labels, figures: Array, n: int) -> Array:
    """The mean of the figures that are defined, part by part; NaN where none is."""
    defined = np.isfinite(figures)
    count = np.bincount(of[defined], minlength=n)
    total = np.bincount(of[defined], figures[defined], n)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _members(of: Labels, n: int) -> list[Labels]:
    """The places that are in each of n parts, in order."""
    ends = np.cumsum(np.bincount(of, minlength=n))[:-1]
    return np.split(np.argsort(of, kind="stable"), ends)
