"""What `vad audit` prints: each table that is not empty, under what it shows."""

import pandas as pd
from rich.table import Table

from ...analysis.constraint_effects import TABLES
from ...report.formatting import format_number
from .tables import console


def print_audit(tables: dict[str, pd.DataFrame]) -> None:
    """All tables; what is not defined has an empty cell."""
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
            # Where nothing differs, the ends of an interval are of a share, without a sign.
            names = [str(name) if signed or name not in ("low", "high") else "" for name in table]
            shown.add_row(
                *(
                    "" if cell != cell else format_number(name, cell)
                    for name, cell in zip(names, row.values(), strict=True)
                )
            )
        screen.print(shown)
        screen.print()
