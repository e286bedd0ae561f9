"""Resampling: the figures of conditions in bootstrap resamples and under permutations.

The measures are those of the table that are compared; each follows from sums over scenarios
(`scenario_sums`), so that a resample is a product of matrices.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from .measure_table import COMPARED
from .measures import Array, mean_answer
from .scenario_sums import ROUNDING, ScenarioAnswers, Sums, Term

Single = NDArray[np.float32]
"""Resamples are computed in single precision: twice as fast, exact to about 1e-6."""

MEASURES = tuple(how.label for _, how in COMPARED)
"""The measures that are compared, by their names in the table of comparisons."""
RESAMPLES = 2_000
PERMUTATIONS = 10_000
SEED = 2026

TERMS: dict[str, dict[str, Term]] = {
    counts: {counts: lambda one, counts=counts: getattr(one, counts)}
    | {term: how for _, one in COMPARED if one.counts == counts for term, how in one.adds.items()}
    for counts in ("counted", "judged")
}
"""What is summed over scenarios: for each kind that counts how many do, and what they add."""

COLUMNS = {term: place for place, term in enumerate(t for kind in TERMS.values() for t in kind)}
"""The column of each sum; after them the distribution functions of v and then of a, a column a
step of the scale."""

TIES = np.array([how.tie for _, how in COMPARED])
"""What a tie counts in each measure's permutation test."""

BLOCK = 500
"""Permutations whose figures are computed at a time, so that they stay in the processor's cache."""


def levels(scores: list[Array]) -> Array:
    """All mean answers that occur in arrays of [scenarios, repeats], in order, each once."""
    means = np.concatenate([np.round(mean_answer(one), 9) for one in scores])
    return np.unique(means[np.isfinite(means)])


def scenario_columns(values: Array, actions: Array, scale: Array) -> Array:
    """What a scenario adds to each sum: [scenarios, COLUMNS + 2 x (levels - 1)].

    values, actions: [scenarios, repeats] on [-1, 1], NaN where missing; scale: their `levels`. A
    scenario whose mean (or side, for what counts sides) is missing in either question adds nothing
    there. The distribution functions are scaled by the root of the step's width, for `Sums`.
    """
    answers = ScenarioAnswers(values, actions)
    width = np.sqrt(np.diff(scale))
    steps = [
        np.where(answers.counted[:, None] & (np.round(means, 9)[:, None] <= scale[:-1]), width, 0.0)
        for means in (answers.stated, answers.chosen)
    ]
    plain = [
        np.where(getattr(answers, counts), how(answers), 0.0)
        for counts, terms in TERMS.items()
        for how in terms.values()
    ]
    return np.hstack([np.column_stack(plain).astype(np.float64), *steps])


def common(one: Array, other: Array) -> tuple[Array, Array]:
    """Two conditions' columns with only the scenarios that count in both, each column's own."""
    place = np.full(one.shape[1], COLUMNS["counted"])
    for counts, terms in TERMS.items():
        place[[COLUMNS[term] for term in terms]] = COLUMNS[counts]
    return one * other[:, place], other * one[:, place]


def measures_of(sums: NDArray[Any], scale: Array) -> NDArray[Any]:
    """The compared measures from summed columns: [..., columns] -> [..., MEASURES].

    NaN where undefined. The result has the precision of the sums.
    """
    found = np.empty((*sums.shape[:-1], len(COMPARED)), dtype=sums.dtype)
    named = Sums(COLUMNS, sums, scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        for place, (_, how) in enumerate(COMPARED):
            found[..., place] = how.of_sums(named)
    return found


def draws(scenarios: int) -> Single:
    """How often each scenario is in each bootstrap resample: [RESAMPLES, scenarios], seeded."""
    chance = np.full(scenarios, 1 / scenarios)
    drawn = np.random.default_rng(SEED).multinomial(scenarios, chance, size=RESAMPLES)
    return drawn.astype(np.float32)


def signs(scenarios: int) -> Single:
    """+1, or -1 for scenarios that are exchanged: [PERMUTATIONS, scenarios], seeded."""
    flips = np.random.default_rng(SEED).integers(0, 2, (PERMUTATIONS, scenarios), dtype=np.int8)
    return (1 - 2 * flips).astype(np.float32)


def resampled(kept: Array, drawn: Single, scale: Array) -> Single:
    """The figures of conditions in each resample: [resamples, conditions, measures].

    kept: [scenarios, conditions, columns]; drawn: `draws`.
    """
    return measures_of(np.tensordot(drawn, kept.astype(np.float32), axes=1), scale)


def permuted(one: Array, other: Array, flips: Single, scale: Array) -> Single:
    """Differences when two conditions are exchanged: [permutations, pairs, measures].

    one, other: both sides' columns, [scenarios, pairs, columns], the same scenarios counted; flips:
    `signs`. Where a sign is -1, the two conditions' values and actions change sides in that
    scenario; for AD this is the flip of the sign of its paired difference.
    """
    middle = ((one + other).sum(axis=0) / 2).astype(np.float32)
    half = ((one - other) / 2).astype(np.float32)
    swings = np.tensordot(flips, half, axes=1)
    blocks = []
    for start in range(0, len(flips), BLOCK):
        swing = swings[start : start + BLOCK]
        blocks.append(measures_of(middle + swing, scale) - measures_of(middle - swing, scale))
    return np.concatenate(blocks)


def expanded_interval(
    drawn: NDArray[np.floating], scenarios: NDArray[np.intp]
) -> tuple[Array, Array]:
    """The 95% expanded percentile interval of each measure: two arrays of [measures].

    drawn: [resamples, measures]; scenarios: how many the figures rest on, [measures]. Resamples in
    which a figure is undefined are left out; NaN if none is left or the scenarios are fewer than
    two. Plain percentiles are too narrow where scenarios are few: of the mean of 16 they cover as
    1.90 standard errors would, where Student's t asks for 2.13. The levels taken here make up for
    that; from some hundred scenarios on they are the plain ones. Source: Hesterberg 2014,
    What Teachers Should Know about the Bootstrap.
    """
    low, high = np.full((2, drawn.shape[1]), np.nan)
    for place, n in enumerate(scenarios):
        defined = drawn[np.isfinite(drawn[:, place]), place]
        if len(defined) and n > 1:
            tail = ndtr(-np.sqrt(n / (n - 1)) * stdtrit(n - 1, 0.975))
            low[place], high[place] = np.quantile(defined, [tail, 1 - tail])
    return low, high


def mean_interval(figures: ArrayLike) -> tuple[float, float, float]:
    """The mean of one figure a scenario, with its 95% interval as `expanded_interval` takes it.

    figures: [scenarios], all defined. NaN where there is none; the interval NaN where there is one.
    """
    each = np.asarray(figures, dtype=np.float64)
    n = len(each)
    if not n:
        return float("nan"), float("nan"), float("nan")
    drawn = draws(n) @ each[:, None] / n
    low, high = expanded_interval(drawn, np.array([n]))
    return float(each.mean()), float(low[0]), float(high[0])


def p_values(observed: Array, exchanged: Array, ties: Array | float = 1.0) -> Array:
    """Two-sided permutation p of each measure, never 0: (1 + as far or farther) / (1 + all).

    observed: [measures]; exchanged: [permutations, measures]; ties: what a permutation counts that
    is just as far, the observed one among them. NaN where observed is, 1 where it is 0. Source:
    Phipson and Smyth 2010.
    """
    far = np.abs(observed)
    away = np.abs(exchanged)
    # Sums in another order differ in their last digits; what is equal counts as equal.
    beyond = (away > far + ROUNDING).sum(axis=0)
    tied = (away >= far - ROUNDING).sum(axis=0) - beyond
    p = (ties + beyond + ties * tied) / (1 + np.isfinite(exchanged).sum(axis=0))
    return np.where(np.isfinite(observed), np.where(far > ROUNDING, p, 1.0), np.nan)
