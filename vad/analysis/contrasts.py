"""Which condition is compared with which: a list of contrasts, from a table of conditions.

A condition is a row of columns (model, format, persona, ...). Every contrast is a weighted set of
pairs of conditions; its figure is the weighted sum of the pairs' differences, so that the mean of
a category, a factor's effect over everything else and an interaction are the same arithmetic.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ..design.columns import BASELINE, OF_PERSONA

ConditionRow = dict[str, Any]
Pair = tuple[int, int]
Levels = dict[str, list[Any]]

PERSONA_COLUMNS = ("persona", "category")
INTERACTION = "format x category"


@dataclass(frozen=True)
class Contrast:
    """One comparison: `factor` at `level` against `reference`, over pairs of conditions.

    pairs: (condition, its reference), places in the table of conditions. weights: one a pair; the
    contrast is the sum of weight x (condition - reference).
    """

    factor: str
    level: str
    reference: str
    primary: bool
    pairs: tuple[Pair, ...]
    weights: tuple[float, ...]


def contrasts(conditions: list[ConditionRow], levels: Levels) -> list[Contrast]:
    """Each condition against its reference; the primary ones come first.

    levels: for each factor (a column with several levels, persona and category apart) its levels,
    the reference first. Primary are each persona category against the baseline, in each choice of
    the other factors, and each factor level against the factor's reference, the mean over all
    conditions that differ in that factor alone. A factor level that is one category against the
    baseline in other words is not counted twice. Others: each persona against the baseline, each
    condition and category against the one with the reference level, and the interaction of format
    and category.
    """
    places = {tuple(row.values()): place for place, row in enumerate(conditions)}
    against_baseline = [
        (place, base)
        for place, row in enumerate(conditions)
        if row["persona"] != BASELINE
        for base in [_baseline(row, places, levels)]
        if base is not None
    ]
    primary = [
        _mean("category", conditions[pairs[0][0]]["category"], BASELINE, pairs, primary=True)
        for pairs in _by_category(conditions, against_baseline)
    ]
    others = [
        _mean("persona", conditions[pair[0]]["persona"], BASELINE, [pair])
        for pair in against_baseline
    ]
    known = {frozenset(one.pairs) for one in primary}
    for factor, (reference, *rest) in levels.items():
        for level in rest:
            pairs = _twins(conditions, places, levels, factor, level)
            if pairs and frozenset(pairs) not in known:
                primary.append(_mean(factor, level, reference, pairs, primary=True))
            # A level against a format that shows no persona is a persona against the baseline.
            alike = [
                (a, b) for a, b in pairs if conditions[a]["persona"] == conditions[b]["persona"]
            ]
            if len(pairs) > 1:
                others += [_mean(factor, level, reference, [pair]) for pair in alike]
                others += [
                    _mean(factor, level, reference, group)
                    for group in _by_category(conditions, alike)
                    if len(group) > 1
                ]
    return primary + others + _interactions(conditions, places, levels)


def varied(conditions: list[ConditionRow], known: Levels) -> Levels:
    """The columns in which conditions differ, persona and category apart, with their levels.

    known: levels in the order they were given, the reference first; others come after.
    """
    levels: Levels = {}
    for name in conditions[0]:
        found = list(dict.fromkeys(row[name] for row in conditions))
        if len(found) > 1 and name not in PERSONA_COLUMNS:
            given = [level for level in dict.fromkeys(known.get(name, [])) if level in found]
            levels[name] = given + [level for level in found if level not in given]
    return levels


def every_two(conditions: list[ConditionRow], apart_from: Iterable[Contrast]) -> list[Contrast]:
    """Each two conditions that no single-pair contrast of `apart_from` compares, the later first.

    Level and reference say in which columns the two differ.
    """
    known = {frozenset(pair) for one in apart_from if len(one.pairs) == 1 for pair in one.pairs}
    found = []
    for first, second in combinations(range(len(conditions)), 2):
        if frozenset((first, second)) in known:
            continue
        a, b = conditions[second], conditions[first]
        unlike = [key for key in a if a[key] != b[key] and key != "category"]
        texts = (", ".join(f"{key}={row[key]}" for key in unlike) for row in (a, b))
        found.append(_mean("any", next(texts), next(texts), [(second, first)]))
    return found


def _mean(
    factor: str, level: Any, reference: Any, pairs: list[Pair], primary: bool = False
) -> Contrast:
    weights = (1 / len(pairs),) * len(pairs)
    return Contrast(factor, str(level), str(reference), primary, tuple(pairs), weights)


def _baseline(row: ConditionRow, places: dict[Any, int], levels: Levels) -> int | None:
    for shown in levels.get("format", [row["format"]]):
        found = places.get(tuple((_unshown(row, levels) | {"format": shown}).values()))
        if found is not None:
            return found
    return None


def _twins(
    conditions: list[ConditionRow],
    places: dict[Any, int],
    levels: Levels,
    factor: str,
    level: Any,
) -> list[Pair]:
    """Each condition at a level of a factor, with the one that has the factor's reference."""
    reference = levels[factor][0]
    pairs = []
    for place, row in enumerate(conditions):
        if row[factor] != level:
            continue
        twin = row | {factor: reference}
        found = places.get(tuple(twin.values()))
        if found is None and factor == "format":
            found = places.get(tuple(_unshown(twin, levels).values()))
        if found is not None:
            pairs.append((place, found))
    return pairs


def _unshown(row: ConditionRow, levels: Levels) -> ConditionRow:
    """The same condition without a persona, whose other settings then are the references."""
    same = {key: known[0] for key, known in levels.items() if key in OF_PERSONA and key in row}
    return row | dict.fromkeys(PERSONA_COLUMNS, BASELINE) | same


def _by_category(conditions: list[ConditionRow], pairs: list[Pair]) -> list[list[Pair]]:
    groups: dict[Any, list[Pair]] = defaultdict(list)
    for pair in pairs:
        row = conditions[pair[0]]
        if row["category"] not in ("", BASELINE):
            groups[tuple(row[key] for key in row if key != "persona")].append(pair)
    return list(groups.values())


def _interactions(
    conditions: list[ConditionRow], places: dict[Any, int], levels: Levels
) -> list[Contrast]:
    """How much more a format moves a category than it moves the first category.

    Formats that show no persona say nothing about categories; the first that does is the reference.
    """
    showing = {row["format"] for row in conditions if row["persona"] != BASELINE}
    shown = [level for level in levels.get("format", []) if level in showing]
    found = []
    apart = levels | {"format": shown}
    for level in shown[1:]:
        cells: dict[Any, dict[str, list[Pair]]] = defaultdict(dict)
        pairs = _twins(conditions, places, apart, "format", level)
        for group in _by_category(conditions, pairs):
            row = conditions[group[0][0]]
            cell = tuple(row[key] for key in row if key not in PERSONA_COLUMNS)
            cells[cell][row["category"]] = group
        for categories in cells.values():
            (first, base), *rest = categories.items()
            for name, group in rest:
                weights = (1 / len(group),) * len(group) + (-1 / len(base),) * len(base)
                found.append(
                    Contrast(
                        INTERACTION,
                        f"{level} x {name}",
                        f"{shown[0]} x {first}",
                        False,
                        (*group, *base),
                        weights,
                    )
                )
    return found
