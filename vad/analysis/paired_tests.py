"""Statistics of one contrast: its pairs on their common scenarios, resampled and exchanged."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, norm
from threadpoolctl import threadpool_limits

from .contrasts import INTERACTION, Contrast, Pair
from .measure_table import COMPARED, PRIMARY
from .measures import Array
from .resampling import (
    COLUMNS,
    MEASURES,
    TIES,
    Single,
    common,
    draws,
    expanded_interval,
    measures_of,
    p_values,
    permuted,
    resampled,
    signs,
)

COUNTS_FOR = [COLUMNS[how.counts] for _, how in COMPARED]
"""Each measure's column that says which scenarios count."""
MEANS = {place: COLUMNS[how.mean_of] for place, (_, how) in enumerate(COMPARED) if how.mean_of}
"""Of each measure that is a mean over scenarios the column it is the mean of."""
PRIMARY_PLACE = [one for one, _ in COMPARED].index(PRIMARY)
POWERED = float(norm.ppf(0.975) + norm.ppf(0.8))
"""Standard errors that a difference measures to be found with 80% power at a level of .05."""
MOST_THREADS = 8
"""At most; each holds some 50 MB."""
PAIRS_TOGETHER = 8
"""Pairs that share one product of matrices."""


@dataclass(frozen=True)
class PairedResult:
    """A pair of conditions on their common scenarios; arrays end in the measures."""

    both: Array  # [condition or reference, measures]
    resampled: Single  # [resamples, measures]
    exchanged: Single  # [permutations, measures]
    added: dict[int, Array]  # of MEANS: [condition or reference, scenarios], 0 where not counted
    counted: Array  # [measures, scenarios], 1 or 0


def compare_pairs(sums: Array, wanted: list[Pair], scale: Array) -> dict[Pair, PairedResult]:
    """Each wanted pair once, on its common scenarios.

    sums: `columns` of every condition, [conditions, scenarios, columns].
    """
    drawn, flips = draws(sums.shape[1]), signs(sums.shape[1])
    places = list(dict.fromkeys(wanted))
    chunks = [
        places[start : start + PAIRS_TOGETHER] for start in range(0, len(places), PAIRS_TOGETHER)
    ]

    def compared(chunk: list[Pair]) -> list[PairedResult]:
        sides = zip(*(common(sums[a], sums[b]) for a, b in chunk), strict=True)
        first, second = (np.stack(side, axis=1) for side in sides)
        both = measures_of(np.stack([first.sum(axis=0), second.sum(axis=0)]), scale)
        apart = resampled(first, drawn, scale) - resampled(second, drawn, scale)
        exchanged = permuted(first, second, flips, scale)
        added = {
            measure: np.stack([first[..., term], second[..., term]])
            for measure, term in MEANS.items()
        }
        return [
            PairedResult(
                both[:, place],
                apart[:, place],
                exchanged[:, place],
                {measure: both_sides[..., place] for measure, both_sides in added.items()},
                first[:, place, COUNTS_FOR].T,
            )
            for place in range(len(chunk))
        ]

    # BLAS's own threads wait for one another where other work runs; these do not.
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as threads,
    ):
        found = itertools.chain.from_iterable(threads.map(compared, chunks))
        return dict(zip(places, found, strict=True))


def contrast_figures(
    one: Contrast, pairs: list[PairedResult], reached: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """One contrast's columns of the table, a row a measure; NaN where not defined.

    pairs: those of the contrast, in its order. reached: [scenarios], asked in any of them.
    """
    weights = np.array(one.weights)
    both = np.einsum("p,psm->sm", weights, [pair.both for pair in pairs])
    observed = both[0] - both[1]
    drawn = sum(w * pair.resampled for w, pair in zip(weights, pairs, strict=True))
    exchanged = sum(w * pair.exchanged for w, pair in zip(weights, pairs, strict=True))
    p = p_values(observed, exchanged, TIES)
    times = np.sum([pair.counted for pair in pairs], axis=0)
    scenarios = (times > 0).sum(axis=1)
    low, high = expanded_interval(drawn, scenarios)
    error = _standard_errors(drawn)
    for place in MEANS:
        error[place] = _standard_error(weights, pairs, place)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(error > 1e-12, observed / (error * np.sqrt(scenarios)), np.nan)
    return [
        {
            "figure": both[0, place] if one.factor != INTERACTION else np.nan,
            "reference_figure": both[1, place] if one.factor != INTERACTION else np.nan,
            "difference": observed[place],
            "low": low[place] if np.isfinite(observed[place]) else np.nan,
            "high": high[place] if np.isfinite(observed[place]) else np.nan,
            "p": p[place],
            "effect": effect[place],
            "detectable": POWERED * error[place],
            "scenarios": int(scenarios[place]),
            "missing": int((reached & (times[place] < len(pairs))).sum()),
        }
        for place in range(len(MEASURES))
    ]


def _standard_errors(drawn: NDArray[np.floating]) -> Array:
    errors = np.full(drawn.shape[1], np.nan)
    for place in range(drawn.shape[1]):
        defined = drawn[np.isfinite(drawn[:, place]), place]
        if len(defined) > 1:
            errors[place] = defined.std(ddof=1)
    return errors


def _standard_error(weights: Array, pairs: list[PairedResult], place: int) -> float:
    """Of a difference of means: from the scenarios' contributions, whose sum the difference is."""
    counted = np.any([pair.counted[place] > 0 for pair in pairs], axis=0)
    scenarios = int(counted.sum())
    if scenarios < 2 or not all(pair.counted[place].any() for pair in pairs):
        return float("nan")
    parts = [
        w * (pair.added[place][0] - pair.added[place][1]) / pair.counted[place].sum()
        for w, pair in zip(weights, pairs, strict=True)
    ]
    contributions = np.sum(parts, axis=0)[counted]
    return float(contributions.std(ddof=1) * np.sqrt(scenarios))


def mann_whitney(one: Contrast, pairs: list[PairedResult]) -> dict[str, float]:
    """U of the condition's distances, each scenario's the mean over pairs that count it."""
    times = np.sum([pair.counted[PRIMARY_PLACE] for pair in pairs], axis=0)
    counted = times > 0
    if one.factor == INTERACTION or not counted.any():
        return {"U": float("nan"), "U_p": float("nan")}
    sides = (
        np.sum([pair.added[PRIMARY_PLACE] for pair in pairs], axis=0)[:, counted] / times[counted]
    )
    # Distances that differ by rounding alone are ties.
    found = mannwhitneyu(np.round(sides[0], 9), np.round(sides[1], 9), method="asymptotic")
    return {"U": float(found.statistic), "U_p": float(found.pvalue)}
