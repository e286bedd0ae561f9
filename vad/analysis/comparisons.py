"""Compare conditions, paired on the scenario: a row for each contrast, part and measure.

Its columns stand in `comparison_table`; a contrast that is a mean over several levels has "(all)"
in the columns of the conditions.

Personas and values are fixed in this inference; it generalises over dilemmas.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ..errors import StudyError
from .comparison_table import COMPARISON_COLUMNS, no_clash
from .contrasts import Contrast, contrasts, every_two
from .csv_files import write_csv
from .measure_table import COMPARED, PRIMARY
from .measures import Array
from .paired_tests import compare_pairs, contrast_figures, mann_whitney
from .parsers import Parser, marked, written_under
from .pooled_runs import PooledRuns, pool_runs
from .resampling import levels, scenario_columns

ALL = "(all)"
ALPHA = 0.05
"""An adjusted p below it is marked, wherever p is shown."""
BATCH = 400
"""Contrasts computed together; those of one batch share what their pairs have in common."""


def compare(
    runs: Sequence[Path],
    groups: Mapping[str, str],
    any_two: bool = False,
    parser: Parser = "strict",
) -> pd.DataFrame:
    """Each condition of the runs against its reference; `any_two`: every other two as well.

    groups: a value's group, for the rows by value group. The primary contrasts also come by value
    group and topic. What cannot be computed is NaN. Columns: see the module. In detail:

    difference  for a contrast of several pairs the mean of theirs, each pair on its own common
                scenarios; for the interaction a difference of differences
    low, high   expanded percentile bootstrap over scenarios, 2,000 resamples; one draw serves the
                values, the actions and the baseline of every condition
    p           10,000 permutations. AD: the signs of the scenarios' paired differences are flipped.
                AR and gap: a scenario's values and actions change sides between the two conditions,
                in all pairs of the contrast at once, and the figures are computed anew; for AR a
                tie counts half
    effect      d_z, difference / standard deviation of the scenarios' contributions to it; for AR
                and gap, which are no means, the same with bootstrap standard error x root of n
    detectable  the difference found with 80% power at .05 (two-sided, normal), unadjusted
    scenarios   counted in one pair or more; missing: asked, but not counted in every pair
    U, U_p      Mann-Whitney on the scenarios' distances, unpaired, as published

    Raises StudyError where there is nothing to compare, and what `pool` raises.
    """
    found = pool_runs(runs, parser)
    no_clash([*found.conditions[0]])
    planned = contrasts(found.conditions, found.levels)
    if any_two:
        planned += every_two(found.conditions, planned)
    if not planned:
        raise _nothing(runs, found)
    rows = list(_rows(found, planned, groups))
    table = pd.DataFrame(rows)
    table["adjusted"] = np.nan
    primary = table["family"] == "primary"
    table.loc[primary, "adjusted"] = holm(table.loc[primary, "p"].to_numpy())
    tested = ~primary & table["p"].notna()
    table.loc[tested, "adjusted"] = false_discovery_control(table.loc[tested, "p"])
    own = [*COMPARISON_COLUMNS]
    before = own.index("within")
    order = [*own[:before], *found.conditions[0], *own[before:]]
    table = table[[name for name in order if name in table]]
    return table.sort_values("family", ascending=False, kind="stable", ignore_index=True)


def write_comparisons(
    runs: Sequence[Path], table: pd.DataFrame, any_two: bool = False, parser: Parser = "strict"
) -> Path:
    """Write a table under the first run, full precision; StudyError if that cannot be done.

    What was compared is in its name, as p-values are adjusted within it: `tables/comparisons.csv`
    (which `vad report` writes too), `comparisons_with_OTHER.csv`, `comparisons_any_two.csv`.
    """
    others = [f"_with_{'_'.join(run.resolve().name for run in runs[1:])}"] if runs[1:] else []
    name = "".join(["comparisons", *others, "_any_two" if any_two else ""])
    path = written_under(runs[0], parser) / "tables" / f"{name}.csv"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(marked(table, parser), path)
    except OSError as error:
        raise StudyError(str(path), f"cannot be written: {error.strerror}") from None
    return path


def _nothing(runs: Sequence[Path], found: PooledRuns) -> StudyError:
    where = ", ".join(map(str, runs))
    if len(found.conditions) == 1:
        return StudyError(
            where,
            "holds one condition; there is nothing to compare it with",
            "vary a setting under [vary], or name a second run: vad compare RUN RUN",
        )
    return StudyError(
        where,
        "holds no two conditions that differ in one factor alone, and no baseline",
        "compare every two with --any",
    )


def _rows(
    found: PooledRuns, planned: list[Contrast], groups: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    scale = levels([one for both in found.scores for one in both])
    sums = np.stack([scenario_columns(*both, scale) for both in found.scores])
    everything = np.ones(len(found.value), dtype=bool)
    for start in range(0, len(planned), BATCH):
        batch = planned[start : start + BATCH]
        yield from _part(found, sums, scale, batch, "all", ALL, everything)
    primary = [one for one in planned if one.primary]
    of_group = [groups.get(value, "") for value in found.value]
    for within, labels in (("group", of_group), ("topic", found.topic)):
        for part in dict.fromkeys(groups.values()) if within == "group" else sorted(set(labels)):
            members = np.array([label == part for label in labels])
            if members.any():
                yield from _part(found, sums, scale, primary, within, part, members)


def _part(
    found: PooledRuns,
    sums: Array,
    scale: Array,
    planned: list[Contrast],
    within: str,
    part: str,
    members: NDArray[np.bool_],
) -> Iterator[dict[str, Any]]:
    """The rows of all contrasts within one part of the scenarios."""
    inside, asked = sums[:, members], found.asked[:, members]
    pairs = compare_pairs(inside, [pair for one in planned for pair in one.pairs], scale)
    for one in planned:
        labels = _labels(found, one) | {"within": within, "part": part}
        mine = [pairs[pair] for pair in one.pairs]
        reached = np.any([asked[a] | asked[b] for a, b in one.pairs], axis=0)
        figures = contrast_figures(one, mine, reached)
        for (measure, how), row in zip(COMPARED, figures, strict=True):
            first = measure is PRIMARY and within == "all"
            family = "primary" if one.primary and first else "exploratory"
            unpaired = mann_whitney(one, mine) if first else {}
            yield {"family": family, **labels, "measure": how.label, **row, **unpaired}


def _labels(found: PooledRuns, one: Contrast) -> dict[str, Any]:
    members = [found.conditions[a] for a, _ in one.pairs]
    shared = {
        key: level if all(row[key] == level for row in members) else ALL
        for key, level in members[0].items()
    }
    return {"factor": one.factor, "level": one.level, "reference": one.reference, **shared}


def holm(p: Array) -> Array:
    """Holm's adjusted p-values (1979); a missing p is no test and stays missing."""
    adjusted = np.full(len(p), np.nan)
    order = np.argsort(p)[: np.isfinite(p).sum()]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * factors))
    return adjusted
