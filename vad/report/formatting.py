"""Form: how a figure and its column are written, on screen and on paper."""

from typing import Any

import pandas as pd

from ..analysis.scores import MEASURE_TITLES

MISSING = "missing"
COLUMN_TITLES = {
    "ar": "AR",
    "ad": "AD",
    "f1_agree": "F1 agree",
    "f1_disagree": "F1 disagree",
    "low": "95% from",
    "high": "to",
    "U_p": "p of U",
}
UNNAMED = "personas"
"""What stands for the category of personas that have none."""
BETTER = " improvement"
"""What follows a category's name where its improvement on the baseline stands beside its figure."""
SIGNED_COLUMNS = ("difference", "improvement", "low", "high", "effect", "signed_gap")
CHANCES = ("p", "adjusted", "U_p")


def title(name: str) -> str:
    """A column's name as a heading: `corrected_gap` is "corrected gap"; a study's names stay."""
    if name.endswith(BETTER):
        return BETTER.strip()
    return COLUMN_TITLES.get(name, name.replace("_", " ") if name in MEASURE_TITLES else name)


def format_number(name: str, figure: Any) -> str:
    """A cell of the column of that name; what is not defined is said to be missing."""
    if figure is None or (isinstance(figure, float) and figure != figure) or figure is pd.NA:
        return MISSING
    if isinstance(figure, float):
        last = name.rpartition(" ")[-1]
        return format(
            figure, ".4f" if last in CHANCES else "+z.3f" if last in SIGNED_COLUMNS else "z.3f"
        )
    return f"{figure:,}" if isinstance(figure, int) else str(figure)
