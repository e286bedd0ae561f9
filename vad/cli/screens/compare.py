"""What `vad compare` prints: the primary family, then the other measures of the same contrasts."""

from collections.abc import Hashable
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from ...analysis.comparisons import ALL, ALPHA, primary_contrasts
from ...analysis.contrasts import INTERACTION, PERSONA_COLUMNS
from .tables import console

FIRST = ["factor", "level", "reference"]
LAST = ["scenarios", "missing"]
FAMILY_HEADINGS = {
    "AD": "alignment distance (AD): lower is nearer; primary family, p adjusted after Holm",
    "AR": "alignment rate (AR): higher is nearer; exploratory, p adjusted after Benjamini-Hochberg",
    "gap": "chance-corrected gap, 1 - AD / AD of random pairs: higher is nearer; exploratory",
}


def print_comparisons(table: pd.DataFrame) -> None:
    """The primary contrasts in each measure, interactions, any two; the rest is counted."""
    screen = console()
    keys = [*table.columns[1 : table.columns.get_loc("measure")]]
    primary = primary_contrasts(table)
    shown = 0
    for measure, title in FAMILY_HEADINGS.items():
        rows = primary[primary["measure"] == measure]
        shown += len(rows)
        _print(screen, title, rows, keys)
    for factor, title in ((INTERACTION, "interaction, AD"), ("any", "any two conditions, AD")):
        rows = table[(table["factor"] == factor) & (table["measure"] == "AD")]
        shown += len(rows)
        _print(screen, f"{title}: exploratory, after Benjamini-Hochberg", rows, keys)
    rest = table[table["family"] == "exploratory"]
    small = int((rest["adjusted"] < ALPHA).sum())
    screen.print(
        f"{len(table)} comparisons, {shown} of them above; {small} of the {len(rest)} exploratory "
        f"ones have an adjusted p below {ALPHA}",
        highlight=False,
    )


def _print(screen: Console, title: str, rows: pd.DataFrame, keys: list[str]) -> None:
    if rows.empty:
        return
    told = [
        key
        for key in keys
        if key not in (*FIRST, *PERSONA_COLUMNS)
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
            _figure(row["difference"], "+.3f"),
            _interval(row["low"], row["high"]),
            _figure(row["p"], ".4f"),
            _figure(row["adjusted"], ".4f"),
            _figure(row["effect"], "+.2f"),
            _figure(row["detectable"], ".3f"),
            *(str(row[name]) for name in LAST),
        )
    screen.print(shown)
    screen.print()


def _comparison(row: dict[Hashable, Any]) -> str:
    told = "" if row["factor"] in ("category", "persona", "any", INTERACTION) else row["factor"]
    return f"{told} {row['level']} - {row['reference']}".strip()


def _interval(low: float, high: float) -> str:
    return "missing" if low != low else f"{low:+.3f} to {high:+.3f}"


def _figure(value: float, form: str) -> str:
    return "missing" if value != value else format(value, form)
