"""What `vad audit` prints: each table that is not empty, under what it shows."""

from typing import Any

import pandas as pd
from rich.table import Table

from ...analysis.constraint_effects import TABLES
from .tables import console

SIGNED_COLUMNS = ("difference", "low", "high")


def print_audit(tables: dict[str, pd.DataFrame]) -> None:
    """All tables, figures to three places."""
    screen = console()
    for name, table in tables.items():
        if table.empty:
            continue
        signed = "difference" in table
        shown = Table(title=TABLES[name], title_justify="left", box=None, pad_edge=False)
        for column in table:
            number = pd.api.types.is_numeric_dtype(table[column])
            title = str(column).replace("_", " ")
            shown.add_column(title, justify="right" if number else "left", overflow="fold")
        for row in table.to_dict("records"):
            shown.add_row(*(_text(row[c], signed and c in SIGNED_COLUMNS) for c in table))
        screen.print(shown)
        screen.print()


def _text(value: Any, signed: bool) -> str:
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return ""
    return f"{value:+.3f}" if signed else f"{value:.1f}" if value >= 10 else f"{value:.3f}"
