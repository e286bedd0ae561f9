"""Blind readings: six actions ordered without their labels, held against the labels.

A reader gives each dilemma's actions, shown shuffled, an order from the one that carries the value
furthest to the one that gives it up furthest, and says of each on which side it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...study.scenarios import Scenario

SIDES = {"carries": 1, "gives up": -1}
"""What a reader may say of an action; aligned actions carry the value, opposed ones give it up."""
DRAWS = 2000


@dataclass(frozen=True)
class Reading:
    """One reader's judgement of one dilemma, its options in the order of the file.

    sides: 1 carries, -1 gives up. ranks: 0 carries furthest, 5 gives up furthest.
    """

    sides: tuple[int, ...]
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class AgreementWith:
    """Kappa of sides and share of exact places, each with its 95% interval over dilemmas."""

    dilemmas: int
    side_kappa: float
    side_interval: tuple[float, float]
    exact_place: float
    place_interval: tuple[float, float]


def labelled(scenario: Scenario) -> Reading:
    """What the file itself says of a dilemma's options, as a reading."""
    ranks = np.argsort(np.argsort(-np.array(scenario.scores()), kind="stable"))
    sides = tuple(1 if option.polarity == "aligned" else -1 for option in scenario.options)
    return Reading(sides, tuple(map(int, ranks)))


def unshuffled(order: Sequence[int], sides: Sequence[str], shown: Sequence[int]) -> Reading:
    """A reader's answer as a reading.

    order: positions from 1, the one that carries the value furthest first. sides: of the positions
    in turn. shown: which option of the file stood at each position. ValueError where an answer is
    no order of the positions, or says something else than SIDES of one.
    """
    if sorted(order) != list(range(1, len(shown) + 1)):
        raise ValueError(f"order is {list(order)}; write each of 1 to {len(shown)} once")
    if len(sides) != len(shown) or not set(sides) <= set(SIDES):
        raise ValueError(f"sides are {list(sides)}; write {len(shown)} of: {', '.join(SIDES)}")
    side = dict(zip(shown, (SIDES[one] for one in sides), strict=True))
    rank = {shown[position - 1]: place for place, position in enumerate(order)}
    options = range(len(shown))
    return Reading(tuple(side[one] for one in options), tuple(rank[one] for one in options))


def agreement_with(
    one: Mapping[str, Reading], other: Mapping[str, Reading], seed: int = 7
) -> AgreementWith:
    """How far two readings of the same dilemmas agree; labels are a reading, too.

    Intervals are percentiles of DRAWS bootstrap samples of whole dilemmas.
    """
    shared = sorted(set(one) & set(other))
    if not shared:
        raise ValueError("the two readings have no dilemma in common")
    said, read = (np.array([of[name].sides for name in shared]) for of in (one, other))
    counts = np.stack([(said == read).sum(1), (said == 1).sum(1), (read == 1).sum(1)], axis=1)
    same = np.array([np.equal(one[name].ranks, other[name].ranks).mean() for name in shared])
    draws = np.random.default_rng(seed).integers(len(shared), size=(DRAWS, len(shared)))
    return AgreementWith(
        len(shared),
        float(_kappa(counts.sum(0), said.size)),
        _interval(_kappa(counts[draws].sum(1), said.size)),
        float(same.mean()),
        _interval(same[draws].mean(axis=1)),
    )


def _kappa(counts: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Cohen's kappa of so many actions: of how many both say the same, and each "carries"."""
    agree, said, read = np.moveaxis(counts, -1, 0) / size
    chance = said * read + (1 - said) * (1 - read)
    found: NDArray[np.float64] = (agree - chance) / (1 - chance)
    return found


def _interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)
