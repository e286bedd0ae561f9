"""What `vad score` prints: every measure, what it assumes, the groups beside the whole."""

from dataclasses import asdict

from rich.table import Table

from ...analysis.answers import Answers
from ...analysis.measure_table import BY_NAME, MEASURES, shown_in
from ...analysis.scores import Scores
from ...report.formatting import format_number
from .tables import console


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
    columns = [str(name) for name in scores.groups if name not in BY_NAME]
    assumed = asdict(scores.convention)
    print(f"{assumed.pop('name')}: {assumed.pop('source')}")
    print("  " + ", ".join(f"{name} {value}" for name, value in assumed.items()) + "\n")
    whole = Table(box=None, pad_edge=False, show_header=False)
    for one in MEASURES:
        whole.add_row(one.name, format_number(one.name, scores.overall[one.name]), one.meaning)
    screen.print(whole)
    if not columns:
        return
    table = Table(box=None, pad_edge=False)
    shown = [one.name for one in shown_in("score")]
    for name in columns:
        table.add_column(name)
    for name in shown:
        table.add_column(name, justify="right")
    for row in scores.groups.to_dict("records"):
        figures = (format_number(name, row[name]) for name in shown)
        table.add_row(*(str(row[name]) for name in columns), *figures)
    screen.print()
    screen.print(table)
