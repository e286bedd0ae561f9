"""What `vad compare` prints: the primary family, then the other measures of the same contrasts."""

from collections.abc import Hashable
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from ...analysis.comparison_table import compared_conditions, in_role, primary_contrasts
from ...analysis.comparisons import ALL, ALPHA
from ...analysis.contrasts import INTERACTION, PERSONA_COLUMNS
from ...analysis.measure_table import COMPARED, PRIMARY, Measure, label_of, primary_first
from ...report.formatting import format_number, interval_text
from .tables import console

LAST = in_role("count")


def print_comparisons(table: pd.DataFrame) -> None:
    """The primary contrasts in each measure, interactions, any two; the rest is counted."""
    screen = console()
    keys = compared_conditions(table)
    primary = primary_contrasts(table)
    shown = 0
    for one in primary_first(one for one, _ in COMPARED):
        rows = primary[primary["measure"] == label_of(one)]
        shown += len(rows)
        _print(screen, _heading(one), rows, keys)
    first = label_of(PRIMARY)
    for factor, title in ((INTERACTION, "interaction"), ("any", "any two conditions")):
        rows = table[(table["factor"] == factor) & (table["measure"] == first)]
        shown += len(rows)
        _print(screen, f"{title}, {first}: exploratory, after Benjamini-Hochberg", rows, keys)
    rest = table[table["family"] == "exploratory"]
    small = int((rest["adjusted"] < ALPHA).sum())
    screen.print(
        f"{len(table)} comparisons, {shown} of them above; {small} of the {len(rest)} exploratory "
        f"ones have an adjusted p below {ALPHA}",
        highlight=False,
    )


def _heading(one: Measure) -> str:
    family = (
        "primary family, p adjusted after Holm"
        if one is PRIMARY
        else "exploratory, p adjusted after Benjamini-Hochberg"
    )
    return f"{one.heading}: {one.direction}; {family}"


def _print(screen: Console, title: str, rows: pd.DataFrame, keys: list[str]) -> None:
    if rows.empty:
        return
    told = [
        key
        for key in keys
        if key not in PERSONA_COLUMNS
        # A factor's own level is said already; one level everywhere need not be.
        and rows[key][~rows["factor"].isin([key, "any"]) & (rows[key] != ALL)].nunique() > 1
    ]
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("comparison", *told):
        shown.add_column(name, overflow="fold", min_width=8)
    for name in ("difference", "95% interval", "p", "adjusted", "effect", "detectable", *LAST):
        shown.add_column(name, justify="right", no_wrap=True)
    for row in rows.to_dict("records"):
        shown.add_row(
            _comparison(row),
            *(str(row[name]) for name in told),
            format_number("difference", row["difference"]),
            interval_text(row["low"], row["high"]),
            format_number("p", row["p"]),
            format_number("adjusted", row["adjusted"]),
            format_number("effect", row["effect"], digits=2),
            format_number("detectable", row["detectable"]),
            *(str(row[name]) for name in LAST),
        )
    screen.print(shown)
    screen.print()


def _comparison(row: dict[Hashable, Any]) -> str:
    told = "" if row["factor"] in ("category", "persona", "any", INTERACTION) else row["factor"]
    return f"{told} {row['level']} - {row['reference']}".strip()
