"""LaTeX: a table as a booktabs fragment, to be \\input where it is wanted."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .formatting import format_number, title

LONG = 45
"""Rows that fit on a page; a table with more of them runs over pages."""


def fragment(table: pd.DataFrame, bold: NDArray[np.bool_] | None = None, note: str = "") -> str:
    """The table as LaTeX, text escaped, numbers to the right, their minus signs true.

    bold: [rows, columns]. note: what a reader needs to know, as comments above the table. It needs
    the package booktabs, and longtable where it is longer than a page.
    """
    long = len(table) > LONG
    numeric = {name: pd.api.types.is_numeric_dtype(table[name]) for name in table}
    shown = pd.DataFrame(
        {name: [_cell(str(name), one) for one in table[name].tolist()] for name in table}
    )
    styled = shown.style.hide(axis="index")
    styled = styled.format_index(lambda name: _escaped(title(str(name))), axis="columns")
    if bold is not None:
        styled = styled.apply(lambda cells: np.where(bold, "textbf:--rwrap;", ""), axis=None)
    body = styled.to_latex(
        hrules=True,
        environment="longtable" if long else None,
        column_format="".join("r" if right else "l" for right in numeric.values()),
    )
    needs = r"\usepackage{booktabs}" + (r" \usepackage{longtable}" if long else "")
    comments = [*(line for line in note.splitlines()), f"needs {needs}"]
    return "".join(f"% {line}\n" for line in comments) + body


def _cell(name: str, content: object) -> str:
    text = format_number(name, content)
    return f"${text}$" if text[:1] in "+-" and isinstance(content, float) else _escaped(text)


def _escaped(text: str) -> str:
    """Text in which nothing is LaTeX's: each of its ten special characters is printed."""
    return text.translate(ESCAPES)


ESCAPES = str.maketrans(
    {one: f"\\{one}" for one in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)
