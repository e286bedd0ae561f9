"""Parsers: rows of a run as one of its two parsers reads them.

The strict parser decides what an answer is. The lenient one has columns of its own beside it, and
a table rests on them only where it is named.
"""

from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from ..errors import StudyError, unknown

Parser = Literal["strict", "lenient"]

LENIENT_COLUMNS = ("lenient_letter", "lenient_option", "lenient_score")
SAID = "free answers as the lenient parser reads them (--parser lenient)"
"""What stands over every table that rests on the lenient parser."""


def parser_named(name: str) -> Parser:
    """A parser by name; StudyError for any other."""
    for known in get_args(Parser):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise unknown("--parser", "parser", name, "there are", get_args(Parser))


def as_read(rows: pd.DataFrame, parser: Parser, place: str) -> pd.DataFrame:
    """Rows whose letter, option, score and valid are what this parser reads.

    The lenient one reads what the strict one does and more; constrained answers are left as they
    are. StudyError for rows that were kept without a lenient reading.
    """
    if parser == "strict":
        return rows
    if not {*LENIENT_COLUMNS} <= {*rows}:
        raise StudyError(
            f"{place}: --parser lenient",
            "its answers were kept without a lenient reading",
            "ask them again: vad run --from MANIFEST",
        )
    read = rows["lenient_option"].notna()
    changed = {
        name: rows[name].mask(read, rows[f"lenient_{name}"])
        for name in ("letter", "option", "score")
        if name in rows
    }
    changed["valid"] = rows["valid"].astype(bool) | read
    if "problem" in rows:
        changed["problem"] = rows["problem"].mask(read, None)
    return rows.assign(**changed)


def written_under(run: Path, parser: Parser) -> Path:
    """Where tables of a run folder go: those that rest on the lenient parser into `lenient/`."""
    return run if parser == "strict" else run / parser


def marked(table: pd.DataFrame, parser: Parser) -> pd.DataFrame:
    """A table as it is written: one that rests on the lenient parser says so in every row."""
    return table if parser == "strict" else table.assign(parser=parser)
