"""Tables: what tables on screen share: their width, and which columns."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    import pandas as pd

    from ...analysis.parsers import Parser


def console(width: int = 120, highlight: bool = True) -> Console:
    """The screen; as wide as it is, or so wide where it is none."""
    return Console(width=None if Console().is_terminal else width, highlight=highlight)


def varying(table: "pd.DataFrame", figures: Collection[str]) -> list[str]:
    """The columns that tell a table's rows apart: the persona, and what varies beside figures."""
    return [
        str(name)
        for name in table
        if name not in figures
        and name != "category"
        and (name == "persona" or table[name].nunique(dropna=False) > 1)
    ]


def print_parser(parser: "Parser") -> None:
    """A line above every table that rests on the lenient parser; nothing for the strict one."""
    if parser == "lenient":
        from ...analysis.parsers import SAID

        print(SAID)
