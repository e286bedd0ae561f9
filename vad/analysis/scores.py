"""Scores: every measure of anyone's answers, overall and by group, in a named convention.

How many scenarios a figure rests on, what is missing and what the convention's own rules filled in
stand in the same row.
"""

import json
from collections.abc import Hashable
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from ..errors import StudyError, unknown
from .answers import Answers
from .conventions import Convention
from .distributions import distributions
from .grouped_answers import GroupedAnswers
from .measure_table import MEASURES
from .parsers import Parser
from .reading import Reading


@dataclass(frozen=True)
class Scores:
    """Every measure of MEASURES: one row for all answers, and one a group.

    distributions: a row a question, kind (score, letter, position) and label, with its share of the
    answers given, for the group in the columns before; all answers where no group was asked for.
    """

    convention: Convention
    overall: dict[Hashable, Any]
    groups: pd.DataFrame
    distributions: pd.DataFrame


def score(answers: Answers, convention: Convention, by: tuple[str, ...] = ()) -> Scores:
    """Score answers in a convention, by columns of a condition or of the scenario."""
    overall = measures_by(answers, convention).to_dict("records")[0]
    groups = measures_by(answers, convention, by) if by else pd.DataFrame()
    return Scores(convention, overall, groups, distributions(answers, by))


def measures_by(answers: Answers, convention: Convention, by: tuple[str, ...] = ()) -> pd.DataFrame:
    """A row a group, one where `by` is empty: the columns of `by`, then every measure.

    Raises StudyError for a column that is not there.
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
    groups = GroupedAnswers(answers, convention, by)
    table = answers.items.loc[groups.group.first, [*by]].reset_index(drop=True)
    figures = pd.DataFrame({one.name: one.of_groups(groups) for one in MEASURES})
    return pd.concat([table, figures], axis=1)


def to_json(scores: Scores, reading: Reading, parser: Parser = "strict") -> str:
    """`{"overall": {...}, "groups": [{...}], ...}` with full precision, null where undefined."""
    content = {
        "reading": asdict(reading),
        "convention": asdict(scores.convention),
        "parser": parser,
        "overall": scores.overall,
        "groups": scores.groups.to_dict("records"),
        "distributions": scores.distributions.to_dict("records"),
    }
    return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False)


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(name): _plain(one) for name, one in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(one) for one in content]
    if isinstance(content, np.generic):
        content = content.item()
    return None if isinstance(content, float) and isnan(content) else content
