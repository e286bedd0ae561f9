"""Scores: every measure of anyone's answers, overall and by group, in a named convention.

A figure is taken in a condition at a time (F1 in the cells of the convention) and a group's figure
is the mean of those in which it is defined. How many scenarios it rests on, what is missing and
what the convention's own rules filled in stand in the same row.
"""

import json
from collections.abc import Hashable
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from ..errors import StudyError, unknown
from ..study.questions import QUESTIONS
from .answers import Answers, Grouping, Reading
from .conventions import SIDES, Convention
from .distributions import distributions
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

MEASURE_TITLES = {
    "ar": "alignment rate: F1 of the convention's positive class",
    "ad": "alignment distance, in units of the convention's scale",
    "f1_agree": "F1 with agree and aligned as the positive class",
    "f1_disagree": "F1 with disagree and opposed as the positive class",
    "kappa": "Cohen's kappa of the two sides",
    "corrected_gap": "1 - AD / AD expected with values and actions paired at random",
    "expected_ad": "that expected AD",
    "signed_gap": "mean of value minus action, above 0 where more is said than done",
    "agreement_value": "share of pairs of repeats that gave the same value answer",
    "agreement_action": "share of pairs of repeats that gave the same action",
    "scenarios": "scenarios, a condition each, in which the distance is defined",
    "answers": "answers asked for",
    "missing": "answers that are missing or unreadable",
    "share_missing": "missing / answers",
    "filled": "missing actions that the convention counts as an answer",
    "cells": "cells F1 was taken in",
    "undefined": "cells in which the F1 behind ar is undefined",
}


@dataclass(frozen=True)
class Scores:
    """The figures of FIGURES: one row for all answers, and one a group.

    distributions: a row a question, kind (score, letter, position) and label, with its share of the
    answers given, for the group in the columns before; all answers where no group was asked for.
    """

    convention: Convention
    overall: dict[Hashable, Any]
    groups: pd.DataFrame
    distributions: pd.DataFrame


def score(answers: Answers, convention: Convention, by: tuple[str, ...] = ()) -> Scores:
    """Score answers in a convention, by columns of a condition or of the scenario: `figures`."""
    overall = measures_by(answers, convention).to_dict("records")[0]
    groups = measures_by(answers, convention, by) if by else pd.DataFrame()
    return Scores(convention, overall, groups, distributions(answers, by))


def measures_by(answers: Answers, convention: Convention, by: tuple[str, ...] = ()) -> pd.DataFrame:
    """A row a group, one where `by` is empty: the columns of `by`, then FIGURES.

    By a column of the scenario that the convention's cells are not made of (by value, say), a cell
    is a condition and that column. StudyError for a column that is not there.
    """
    for name in by:
        if name not in answers.items:
            there = [str(one) for one in answers.items]
            raise unknown("--by", "column", name, f"{answers.place} can be grouped by", there)
    for name in convention.cell:
        if name not in answers.items:
            raise StudyError(
                answers.place,
                f"lacks the column `{name}`",
                f"{convention.name} takes F1 within each {name}",
            )
    if convention.distance == "value" and "value" not in answers.items:
        raise StudyError(answers.place, "lacks the column `value`", "the distance is one a value")
    group = answers.grouped(by)
    of_scenario = [name for name in by if name not in answers.conditions]
    found = (
        _rates(answers, convention, group, of_scenario)
        | _distances(answers, convention, group, of_scenario, by)
        | _counts(answers, convention, group)
    )
    table = answers.items.loc[group.first, [*by]].reset_index(drop=True)
    return pd.concat([table, pd.DataFrame({name: found[name] for name in MEASURE_TITLES})], axis=1)


def to_json(scores: Scores, reading: Reading) -> str:
    """`{"overall": {...}, "groups": [{...}], ...}` with full precision, null where undefined."""
    content = {
        "reading": asdict(reading),
        "convention": asdict(scores.convention),
        "overall": scores.overall,
        "groups": scores.groups.to_dict("records"),
        "distributions": scores.distributions.to_dict("records"),
    }
    return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False)


Columns = dict[str, Array | Labels]


def _rates(
    answers: Answers, convention: Convention, group: Grouping, of_scenario: list[str]
) -> Columns:
    """What rests on sides: F1 in the convention's cells, kappa in a condition."""
    said = side(answers.values, convention)
    did = side(as_ruled(answers.actions, convention), convention)
    whole = {*of_scenario} <= {*convention.cell}
    cells = answers.grouped([*answers.conditions, *(convention.cell if whole else of_scenario)])
    counts = confusion(said, did, cells.of, cells.n)
    counted = counts.any(axis=(-2, -1))
    rates = {name: f1(counts, name) for name in SIDES}
    undefined = np.isnan(rates[convention.positive]) & counted
    filled = {
        name: np.where(np.isnan(rate) & counted, convention.undefined, rate)
        for name, rate in rates.items()
    }
    within = group.of[cells.first]
    blocks = answers.grouped([*answers.conditions, *of_scenario])
    kappa = cohen_kappa(confusion(said, did, blocks.of, blocks.n))
    return {
        "ar": _mean_in(within, filled[convention.positive], group.n),
        "f1_agree": _mean_in(within, filled["agree"], group.n),
        "f1_disagree": _mean_in(within, filled["disagree"], group.n),
        "kappa": _mean_in(group.of[blocks.first], kappa, group.n),
        "cells": np.bincount(within[counted], minlength=group.n),
        "undefined": np.bincount(within[undefined], minlength=group.n),
    }


def _distances(
    answers: Answers,
    convention: Convention,
    group: Grouping,
    of_scenario: list[str],
    by: tuple[str, ...],
) -> Columns:
    """What rests on means: in a condition; in a group where values are averaged first."""
    stated = mean_answer(answers.values, convention)
    chosen = mean_answer(as_ruled(answers.actions, convention), convention)
    both = np.isfinite(stated) & np.isfinite(chosen)
    scenarios = np.bincount(group.of[both], minlength=group.n)
    blocks = answers.grouped([*answers.conditions, *of_scenario])
    of, n, within = blocks.of, blocks.n, group.of[blocks.first]
    if convention.distance == "value":
        units = answers.grouped([*by, "value"])
        stated, chosen = (
            np.round(_mean_in(units.of, np.where(both, one, np.nan), units.n), 14)
            for one in (stated, chosen)
        )
        of, n, within = group.of[units.first], group.n, np.arange(group.n)
    gap = stated - chosen
    observed = _mean_in(of, np.abs(gap), n)
    ordered = np.argsort(of, kind="stable")
    ends = np.cumsum(np.bincount(of, minlength=n))[:-1]
    expected = np.array(
        [expected_distance(stated[own], chosen[own]) for own in np.split(ordered, ends)]
    )
    chance = np.where(expected > 0, expected, np.nan)
    means = {
        "ad": observed,
        "corrected_gap": 1 - observed / chance,
        "expected_ad": expected,
        "signed_gap": towards_agreement(convention) * _mean_in(of, gap, n),
    }
    table: Columns = {name: _mean_in(within, one, group.n) for name, one in means.items()}
    return table | {"scenarios": scenarios}


def _counts(answers: Answers, convention: Convention, group: Grouping) -> Columns:
    """What was asked, what is missing, what was filled in, and how alike repeats are."""
    alike: Columns = {}
    asked, missing = np.zeros(group.n, dtype=np.intp), np.zeros(group.n, dtype=np.intp)
    for name, scores in zip(QUESTIONS, (answers.values, answers.actions), strict=True):
        gone = np.bincount(group.of, np.isnan(scores).sum(axis=1), group.n).astype(np.intp)
        asked += np.bincount(group.of, (~np.isinf(scores)).sum(axis=1), group.n).astype(np.intp)
        missing += gone
        alike[f"agreement_{name}"] = _mean_in(group.of, repeat_agreement(scores), group.n)
    filled = gone if convention.missing_action else np.zeros_like(gone)
    return alike | {
        "answers": asked,
        "missing": missing,
        "share_missing": missing / asked,
        "filled": filled,
    }


def _mean_in(of: Labels, figures: Array, n: int) -> Array:
    """The mean of the figures that are defined, part by part; NaN where none is."""
    defined = np.isfinite(figures)
    count = np.bincount(of[defined], minlength=n)
    total = np.bincount(of[defined], figures[defined], n)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(name): _plain(one) for name, one in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(one) for one in content]
    if isinstance(content, np.generic):
        content = content.item()
    return None if isinstance(content, float) and isnan(content) else content
