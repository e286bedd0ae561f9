"""Tables as CSV files that a spreadsheet shows and does not compute."""

from pathlib import Path

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """A table whole, at full precision; a text that a spreadsheet would run gets a ' before it.

    Raises OSError if it cannot be written.
    """
    safe = table.copy(deep=False)
    for place in range(table.shape[1]):
        if not pd.api.types.is_numeric_dtype(table.dtypes.iloc[place]):
            safe.isetitem(place, [_text(cell) for cell in table.iloc[:, place]])
    safe.rename(columns=_text).to_csv(path, index=False)


def _text(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\r", " ")  # A bare carriage return would begin a row, and is not quoted.
    return f"'{cell}" if cell.startswith(FORMULA) else cell
