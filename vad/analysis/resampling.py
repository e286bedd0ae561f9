"""Figures as functions of sums over scenarios, so that a resample is a product of matrices.

AR, AD and the chance-corrected gap all follow from a few columns summed over scenarios. A
bootstrap resample weighs the scenarios by how often each was drawn; a permutation exchanges two
conditions' rows in some of them. Either way the sums are a product, and the figures follow.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from .measures import Array, mean_answer, side

Single = NDArray[np.float32]
"""Resamples are computed in single precision: twice as fast, exact to about 1e-6."""

MEASURES = ("AR", "AD", "gap")
RESAMPLES = 2_000
PERMUTATIONS = 10_000
SEED = 2026

COUNTED, AD_TERM, JUDGED, HITS, F1_SHOWN, STEPS = range(6)
"""Columns of `columns`: counted for AD, |v - a|, counted for AR, F1's numerator and denominator;
from STEPS on the distribution functions of v and then of a, a column a step of the scale."""

TIES = np.array([0.5, 1.0, 1.0])
"""What a tie counts in each measure's permutation test. AR takes few values where scenarios are
few, and ties are many; counted in full they find an effect that is not there in 2.9% of experiments
of 16 scenarios, counted half (the mid-p of Lancaster 1961) in 4.9%."""

ROUNDING = 2e-6
"""What rounding may do to a figure; an expected distance below it is zero."""

BLOCK = 500
"""Permutations whose figures are computed at a time, so that they stay in the processor's cache."""


def levels(scores: list[Array]) -> Array:
    """All mean answers that occur in arrays of [scenarios, repeats], in order, each once."""
    means = np.concatenate([np.round(mean_answer(one), 9) for one in scores])
    return np.unique(means[np.isfinite(means)])


def scenario_columns(values: Array, actions: Array, scale: Array) -> Array:
    """What a scenario adds to each sum: [scenarios, STEPS + 2 x (levels - 1)].

    values, actions: [scenarios, repeats] on [-1, 1], NaN where missing; scale: their `levels`. A
    scenario whose mean (for AR: majority) is missing in either question adds nothing there. The
    distribution functions are scaled by the root of the step's width, for `figures`.
    """
    stated, chosen = mean_answer(values), mean_answer(actions)
    said, did = side(values), side(actions)
    counted = np.isfinite(stated) & np.isfinite(chosen)
    judged = np.isfinite(said) & np.isfinite(did)
    width = np.sqrt(np.diff(scale))
    steps = [
        np.where(counted[:, None] & (np.round(means, 9)[:, None] <= scale[:-1]), width, 0.0)
        for means in (stated, chosen)
    ]
    plain = [
        counted,
        np.where(counted, np.abs(stated - chosen), 0.0),
        judged,
        np.where(judged, 2 * said * did, 0.0),
        np.where(judged, said + did, 0.0),
    ]
    return np.hstack([np.column_stack(plain).astype(np.float64), *steps])


def common(one: Array, other: Array) -> tuple[Array, Array]:
    """Two conditions' columns with only the scenarios that count in both, for AD and AR apart."""
    place = np.full(one.shape[1], COUNTED)
    place[JUDGED:STEPS] = JUDGED
    return one * other[:, place], other * one[:, place]


def measures_of(sums: NDArray[Any], scale: Array) -> NDArray[Any]:
    """AR, AD and gap from summed columns: [..., columns] -> [..., 3], NaN where undefined.

    AR is F1 of agree and aligned, AD the mean of |mean v - mean a| (thesis2026). The gap is
    1 - AD / E, E the mean of |v_s - a_t| over all scenarios s and t of the condition, exact:
    with F and G the distribution functions, E is the integral of F (1 - G) + G (1 - F). For single
    answers the gap is the linearly weighted kappa (Cohen 1968). Undefined where E is 0. The result
    has the precision of the sums.
    """
    steps = max(0, len(scale) - 1)
    width = np.sqrt(np.diff(scale)).astype(sums.dtype)
    stated, chosen = sums[..., STEPS : STEPS + steps], sums[..., STEPS + steps :]
    found = np.empty((*sums.shape[:-1], len(MEASURES)), dtype=sums.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        found[..., 0] = sums[..., HITS] / sums[..., F1_SHOWN]
        count = sums[..., COUNTED]
        found[..., 1] = distance = sums[..., AD_TERM] / count
        alone = np.einsum("...k,k->...", sums[..., STEPS:], np.tile(width, 2)) / count
        both = np.einsum("...k,...k->...", stated, chosen) / count**2
        expected = alone - 2 * both
        found[..., 2] = np.where(expected > ROUNDING, 1 - distance / expected, np.nan)
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
    """Differences when two conditions are exchanged in some scenarios: [permutations, pairs, 3].

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
