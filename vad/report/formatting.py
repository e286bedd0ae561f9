"""Form: how a figure and its column are written, on screen and on paper."""

from typing import Any

import pandas as pd

from ..analysis.comparison_table import COMPARISON_COLUMNS
from ..analysis.measure_table import MEASURES
from ..runs.store.schema import RESPONSES

MISSING = "missing"
UNNAMED = "personas"
"""What stands for the category of personas that have none."""
BETTER = " improvement"
"""What follows a category's name where its improvement on the baseline stands beside its figure."""
MINUS = "\N{MINUS SIGN}"

COST = {name: one for name, one in RESPONSES.items() if one.role == "cost"}
TITLES = (
    {name: one.title for name, one in COST.items()}
    | {one.name: one.title for one in MEASURES}
    | {name: one.title for name, one in COMPARISON_COLUMNS.items()}
)
SIGNED = {
    BETTER.strip(),
    *(one.name for one in MEASURES if one.signed),
    *(name for name, one in COMPARISON_COLUMNS.items() if one.signed),
}
DIGITS = {name: 4 for name, one in COMPARISON_COLUMNS.items() if one.unit == "chance"} | {
    name: 1 for name, one in COST.items() if one.unit == "tokens"
}
"""The decimals of what has not three."""


def title(name: str) -> str:
    """A column's name as a heading: `corrected_gap` is "corrected gap"; a study's names stay."""
    return BETTER.strip() if name.endswith(BETTER) else TITLES.get(name, name)


def format_number(name: str, figure: Any, digits: int | None = None) -> str:
    """A cell of the column of that name; what is not defined is said to be missing.

    digits: the decimals, by default those of the column.
    """
    if figure is None or (isinstance(figure, float) and figure != figure) or figure is pd.NA:
        return MISSING
    if isinstance(figure, float):
        last = name.rpartition(" ")[-1]
        decimals = DIGITS.get(last, 3) if digits is None else digits
        return format(figure, f"{'+' if last in SIGNED else ''}z.{decimals}f")
    return f"{figure:,}" if isinstance(figure, int) else str(figure)


def interval_text(low: float, high: float) -> str:
    """A 95% interval: its ends, with their signs."""
    if low != low:
        return MISSING
    return f"{format_number('low', low)} to {format_number('high', high)}"


def typeset(text: str) -> str:
    """Figures in running text: a minus sign is one."""
    return text.replace("-", MINUS)
