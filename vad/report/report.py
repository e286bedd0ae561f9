"""The report of a run: all tables and figures, written under its folder."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..analysis.answers import Answers
from ..analysis.results import Run
from ..errors import StudyError
from ..study.questions import QUESTIONS
from .figures import make_figures, write_figures
from .figures.theme import Chart
from .tables import make_tables, write_tables


@dataclass
class Report:
    """What a report holds, and what it had to leave out, in words."""

    run: Run
    tables: dict[str, pd.DataFrame]
    figures: dict[str, Chart]
    left_out: list[str] = field(default_factory=list)


def make_report(run: Run) -> Report:
    """The tables and figures of a run; what cannot be computed is missing, or left out and said so.

    Raises StudyError if the run holds no answers that can be paired.
    """
    left_out = []
    answers = run.answers
    try:
        comparisons = run.compare()
    except StudyError as error:
        comparisons = None
        left_out.append(f"comparisons: {error.lines[0]}")
    if run.study is None:
        left_out.append(
            "value groups, names of options, cultural map: the run lies in no study; name its "
            "folder with --study DIR"
        )
    left_out += _half_asked(answers)
    tables = make_tables(run, comparisons)
    if not answers.rows["score"].notna().any():
        left_out.append("figures: no answer could be read")
        return Report(run, tables, {}, left_out)
    return Report(run, tables, make_figures(run, tables), left_out)


def _half_asked(answers: Answers) -> list[str]:
    """A sentence for each condition in which one of the two questions has no row at all."""
    parts = answers.grouped(answers.conditions)
    said, done = (
        np.bincount(parts.of, (~np.isinf(scores)).any(axis=1), parts.n) > 0
        for scores in (answers.values, answers.actions)
    )
    found = []
    for condition in np.flatnonzero(said != done):
        row = answers.items.iloc[parts.first[condition]]
        question = QUESTIONS[int(done[condition])]
        told = f"{row['persona']} ({row['model']}, {row['format']})"
        found.append(f"AR and AD of {told}: only the {question} question was asked")
    return found


def write_report(report: Report) -> None:
    """Write tables and figures; StudyError if that cannot be done."""
    write_tables(report.run.written / "tables", report.tables, report.run.parser)
    write_figures(report.run.written / "figures", report.figures)
