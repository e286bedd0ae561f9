"""The table of comparisons: what each of its columns is, and the rows that are asked for by name.

    family      primary or exploratory: within which p was adjusted
    contrast    what is held against what
    part        of which scenarios
    measure     in which measure
    estimate    the two sides, their difference and how sure it is
    test        the chance of a difference as large by exchange alone, and what would be seen
    count       what it rests on

Between contrast and part stand the columns of the conditions compared, whatever the runs varied.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ..errors import StudyError

ComparisonRole = Literal["family", "contrast", "part", "measure", "estimate", "test", "count"]


@dataclass(frozen=True)
class ComparisonColumn:
    """One column: its role, its heading and its unit; signed: its sign says something.

    printed: it stands in the table that is printed, beside what names the comparison.
    """

    role: ComparisonRole
    title: str
    unit: str = ""
    signed: bool = False
    printed: bool = False


OF_MEASURE = "of the measure"

COMPARISON_COLUMNS = {
    "family": ComparisonColumn("family", "family"),
    "factor": ComparisonColumn("contrast", "factor"),
    "level": ComparisonColumn("contrast", "level"),
    "reference": ComparisonColumn("contrast", "reference"),
    "within": ComparisonColumn("part", "within"),
    "part": ComparisonColumn("part", "part"),
    "measure": ComparisonColumn("measure", "measure"),
    "figure": ComparisonColumn("estimate", "figure", OF_MEASURE),
    "reference_figure": ComparisonColumn("estimate", "reference figure", OF_MEASURE),
    "difference": ComparisonColumn("estimate", "difference", OF_MEASURE, signed=True, printed=True),
    "low": ComparisonColumn("estimate", "95% from", OF_MEASURE, signed=True, printed=True),
    "high": ComparisonColumn("estimate", "to", OF_MEASURE, signed=True, printed=True),
    "p": ComparisonColumn("test", "p", "chance", printed=True),
    "adjusted": ComparisonColumn("test", "adjusted", "chance", printed=True),
    "effect": ComparisonColumn(
        "test", "effect", "standard deviations of a scenario", signed=True, printed=True
    ),
    "detectable": ComparisonColumn("test", "detectable", OF_MEASURE),
    "scenarios": ComparisonColumn("count", "scenarios", "scenarios", printed=True),
    "missing": ComparisonColumn("count", "missing", "scenarios", printed=True),
    "U": ComparisonColumn("test", "U"),
    "U_p": ComparisonColumn("test", "p of U", "chance"),
}


def in_role(role: ComparisonRole) -> list[str]:
    """The columns that have a role."""
    return [name for name, one in COMPARISON_COLUMNS.items() if one.role == role]


def compared_conditions(table: pd.DataFrame) -> list[str]:
    """The columns of the conditions that a table compares: what its runs' conditions have."""
    return [str(name) for name in table if name not in COMPARISON_COLUMNS]


def contrast_keys(table: pd.DataFrame) -> list[str]:
    """What tells one comparison from another, in whatever measure: contrast, conditions, part."""
    return [*in_role("contrast"), *compared_conditions(table), *in_role("part")]


def no_clash(conditions: list[str]) -> None:
    """StudyError for a column of conditions that bears the name of one of the table's own."""
    for name in conditions:
        if name in COMPARISON_COLUMNS:
            raise StudyError(
                f"vary.{name}",
                f"the table of comparisons has a column `{name}` already",
                "a setting that is varied needs a name of its own",
            )


def primary_contrasts(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the primary contrasts in every measure, over all scenarios; AD's come first."""
    keys = contrast_keys(table)
    primary = table.loc[table["family"] == "primary", keys].drop_duplicates()
    return table.merge(primary, on=keys)
