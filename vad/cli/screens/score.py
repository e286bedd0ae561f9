"""What `vad score` prints: every measure, what it assumes, the groups beside the whole."""

from dataclasses import asdict

from rich.table import Table

from ...analysis.answers import Answers
from ...analysis.scores import MEASURE_TITLES as MEASURES
from ...analysis.scores import Scores
from .tables import console, number


def print_reading(answers: Answers) -> None:
    """How the answers were read: scales, conditions, what was left aside, rows dropped."""
    reading = answers.reading
    said = [
        *(("scale", f"{name}: {ends}") for name, ends in reading.scale.items()),
        (
            "conditions",
            ", ".join(f"{name} ({levels})" for name, levels in reading.conditions.items())
            or "none: all answers are one",
        ),
        *(("left aside", f"{name}: {why}") for name, why in reading.left_aside.items()),
        *(("rows dropped", f"{count} {what}") for what, count in reading.dropped.items()),
    ]
    print(f"{answers.place}: {reading.kind}, {len(answers.rows):,} answers")
    for name, words in said:
        print(f"  {name:13} {words}")
    print()


def print_scores(scores: Scores) -> None:
    """Every measure, a row each, and what it assumes; the groups beside the whole."""
    screen = console()
    columns = [str(name) for name in scores.groups if name not in MEASURES]
    assumed = asdict(scores.convention)
    print(f"{assumed.pop('name')}: {assumed.pop('source')}")
    print("  " + ", ".join(f"{name} {value}" for name, value in assumed.items()) + "\n")
    whole = Table(box=None, pad_edge=False, show_header=False)
    for name, meaning in MEASURES.items():
        whole.add_row(name, number(scores.overall[name]), meaning)
    screen.print(whole)
    if not columns:
        return
    table = Table(box=None, pad_edge=False)
    shown = ("ar", "ad", "kappa", "corrected_gap", "signed_gap", "scenarios", "missing")
    for name in columns:
        table.add_column(name)
    for name in (*shown, "filled", "undefined"):
        table.add_column(name, justify="right")
    for row in scores.groups.to_dict("records"):
        figures = (number(row[name]) for name in (*shown, "filled", "undefined"))
        table.add_row(*(str(row[name]) for name in columns), *figures)
    screen.print()
    screen.print(table)
