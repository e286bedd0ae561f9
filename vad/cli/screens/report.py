"""What `vad report` prints: the published tables, what is missing, and where the rest lies."""

import pandas as pd
from rich.table import Table

from ...analysis.comparisons import ALPHA
from ...analysis.results import Run
from ...report.formatting import BETTER, format_number, title
from ...report.report import Report
from ...report.tables import OWN_TABLE, P, missing_keys
from .run import print_manipulation_check
from .tables import console, print_parser

MOST_COLUMNS = 5


def print_report(report: Report) -> None:
    """Each measure as published, answers missing by kind, what was left out, what was written."""
    screen = console()
    print_parser(report.run.parser)
    for name, one in OWN_TABLE.items():
        print(f"{one.heading}: {one.direction}; improvement on the baseline in brackets")
        screen.print(_published(report.tables[name], len(report.run.factors)))
    if "comparisons" in report.tables:
        print(f"* adjusted p < {ALPHA}: AD of a category after Holm, else after Benjamini-Hochberg")
    if "fidelity" in report.tables:
        print(
            "\nfidelity: what a persona said back of its own variables, and the baseline of itself"
        )
        print_manipulation_check(report.tables["fidelity"])
    print()
    print(missing_line(report.run, report.tables["missing"]))
    for sentence in report.run.not_guaranteed():
        print(sentence)
    for line in report.left_out:
        print(f"left out, {line}")
    folder = report.run.written
    print(f"written: {folder}/tables/ ({len(report.tables)} tables, each as CSV and LaTeX)")
    if report.figures:
        print(f"written: {folder}/figures/ ({len(report.figures)} figures, each as SVG and PDF)")
    print(f"written: {folder}/report.html (open it in a browser; it needs no network)")


def missing_line(run: Run, table: pd.DataFrame) -> str:
    """One line: how many answers were asked for, read, and missing by kind."""
    counts = table.drop(columns=missing_keys(run)).sum().to_dict()
    asked, parsed, gone = (counts.pop(name) for name in ("asked", "parsed", "missing"))
    kinds = [f"{count:,} {kind}" for kind, count in counts.items() if count]
    tail = f" ({', '.join(kinds)})" if kinds else ""
    return f"{asked:,} answers asked for, {parsed:,} read, {gone:,} missing{tail}"


def _published(table: pd.DataFrame, factors: int) -> Table:
    """Rows the choices of the factors, columns baseline and categories, each with its change.

    Where there are more columns than a screen holds, they are its rows.
    """
    names = [str(name) for name in table if not str(name).endswith((BETTER, P))]
    lines = [[title(name) for name in names]]
    for row in table.to_dict("records"):
        cells = []
        for name in names:
            cell = format_number(name, row[name])
            if name + BETTER in row:
                star = "*" if row[name + P] < ALPHA else " "
                cell += f" ({format_number(BETTER, row[name + BETTER])}){star}"
            cells.append(cell)
        lines.append(cells)
    if len(names) > factors + MOST_COLUMNS:
        lines, factors = [list(line) for line in zip(*lines, strict=True)], 1
    shown = Table(box=None, pad_edge=False)
    for place, name in enumerate(lines[0]):
        shown.add_column(name, justify="left" if place < factors else "right", no_wrap=True)
    for line in lines[1:]:
        shown.add_row(*line)
    return shown
