"""What `vad run` prints in the end: its conditions, what personas said back, the counts."""

from typing import Any

import pandas as pd
from rich.table import Table

from ...analysis.measure_table import BY_NAME, shown_in
from ...analysis.results import open_run
from ...design.columns import column
from ...errors import StudyError
from ...report.formatting import format_number
from ...runs.recorder import Outcome
from ...study.questions import LEVEL
from .tables import console, varying

BACK = ("fidelity", "unprompted")
MOST_KEYS = 4
"""Columns that tell conditions apart, at most, for a screen to hold them beside the figures."""
COUNTS = ("scenarios", "asked", "parsed", "missing")

READINGS = ("read", "leniently", "tokens an answer")
"""Instead of parsed and missing, where decoding was free: strictly, leniently; prompt + answer."""


def print_outcome(outcome: Outcome) -> None:
    """What a run came to: the table of conditions, the counts, where it lies.

    Of a run that failed in part, the first line says in what.
    """
    if outcome.open:
        of = f"{outcome.open:,} of {outcome.planned:,} questions have no answer"
        ((problem, _),) = outcome.problems.most_common(1) or [("the run was stopped", 0)]
        print(f"FAILED: {of}: {problem}")
    try:
        run = open_run(outcome.folder)
        told = run.manipulation_check()
        if run.asked == [LEVEL]:
            print_manipulation_check(told)
        else:
            references = {column(key): levels[0] for key, levels in run.manifest["vary"].items()}
            free = "free" in run.levels("decoding")
            readings = run.readings() if free else pd.DataFrame()
            print_conditions(run.scores(), told, references, readings)
        for sentence in run.not_guaranteed():
            print(sentence)
    except StudyError as error:
        # No table yet is no reason to keep back what was asked and what failed.
        print(error)
    kinds = outcome.kinds.most_common()
    print(
        f"{outcome.planned:,} questions: {outcome.asked:,} asked now, {outcome.kept:,} answered "
        f"before, {outcome.reused:,} reused; {outcome.unreadable:,} answers unreadable"
        + (f": {', '.join(f'{n:,} {kind}' for kind, n in kinds)}" if kinds else "")
    )
    if outcome.unreadable == outcome.asked + outcome.kept + outcome.reused > 0:
        print("no answer can be read:", *kinds_told(outcome.kinds), sep="\n  ")
    if outcome.unseen_tokens:
        print(
            f"{outcome.prompt_tokens:,} prompt tokens: {outcome.computed_tokens:,} computed, the "
            f"others cached; {outcome.unseen_tokens:,} is the least that sharing prefixes allows "
            f"({outcome.computed_tokens / outcome.unseen_tokens:.3f} times)"
        )
    for problem, count in outcome.problems.most_common(3):
        print(f"{count} engine failures: {problem}")
    print(f"written: {outcome.folder}")


def print_conditions(
    table: pd.DataFrame, told: pd.DataFrame, references: dict[str, Any], readings: pd.DataFrame
) -> None:
    """Scores by condition on screen, the columns that vary; what is not defined is missing.

    told: what personas said back, by condition; beside the gap where it was asked. references: the
    first level of each factor. Where more columns vary than a screen holds, what a condition
    changes is said in one: `leave_out religiosity`, or nothing where it is the reference itself.
    readings: where decoding was free, what each parser reads of a condition and what it cost.
    """
    shown = Table(box=None, pad_edge=False)
    keys, measures = varying(table, BY_NAME), shown_in("run")
    crowded = len(keys) > MOST_KEYS
    for name in ("persona", "changed") if crowded else keys:
        shown.add_column(name, no_wrap=True)
    back = {tuple(row[name] for name in keys): row for row in told.to_dict("records")}
    read = {tuple(row[name] for name in keys): row for row in readings.to_dict("records")}
    counted: tuple[str, ...] = ("scenarios", "missing") if crowded else COUNTS
    if read:
        counted = (*counted[:-2], *READINGS)
    for name in (*(one.title for one in measures), *(BACK if back else ()), *counted):
        shown.add_column(name, justify="right", no_wrap=not crowded)
    for row in table.to_dict("records"):
        row |= {"asked": row["answers"], "parsed": row["answers"] - row["missing"]}
        who = tuple(row[name] for name in keys)
        row |= _reading(read.get(who))
        figures = [format_number(one.name, row[one.name]) for one in measures]
        if back:
            figures += [
                format_number(name, back[who][name]) if who in back else "" for name in BACK
            ]
        counts = (format_number(name, row[name]) for name in counted)
        factors = [name for name in keys if name != "persona"]
        changed = (f"{name} {row[name]}" for name in factors if row[name] != references.get(name))
        heads = (row["persona"], ", ".join(changed)) if crowded else who
        shown.add_row(*map(str, heads), *figures, *counts)
    console().print(shown)


def _reading(row: dict[str, Any] | None) -> dict[str, Any]:
    """What both parsers read and what an answer cost, by the titles of their columns."""
    if row is None:
        return {}
    cost = f"{row['prompt_tokens']:.0f} + {row['output_tokens']:.0f}"
    return {
        "asked": row["asked"],
        "read": row["strict"],
        "leniently": row["lenient"],
        "tokens an answer": cost,
    }


def print_manipulation_check(table: pd.DataFrame) -> None:
    """What personas said back, on screen: the columns that vary, then the figures."""
    figures = [*BACK, "off_by", "answers", "missing"]
    keys = varying(table, figures)
    shown = Table(box=None, pad_edge=False)
    for name in keys:
        shown.add_column(name, no_wrap=True)
    for name in figures:
        shown.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for row in table.to_dict("records"):
        cells = (format_number(name, row[name]) for name in figures)
        shown.add_row(*(str(row[name]) for name in keys), *cells)
    console().print(shown)
