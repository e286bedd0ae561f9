"""The verbs that read: scores, comparisons, reports; and how many scenarios they take."""

from pathlib import Path
from typing import Annotated

import typer

from ...errors import StudyError
from ..options import Model, Named, ParserName, Root, load


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    any_two: Annotated[
        bool, typer.Option("--any", help="Every two conditions, not only those one factor apart.")
    ] = False,
    parser: ParserName = "strict",
    study: Root = None,
) -> None:
    """Paired differences between conditions: intervals, adjusted p-values, effect sizes."""
    from ...analysis.comparisons import write_comparisons
    from ...analysis.parsers import parser_named
    from ...analysis.results import open_run
    from ..screens.compare import print_comparisons
    from ..screens.tables import print_parser

    read_by = parser_named(parser)
    table = open_run(runs[0], study, read_by).compare(*runs[1:], any_two=any_two)
    written = write_comparisons(runs, table, any_two, read_by)
    print_parser(read_by)
    print_comparisons(table)
    print(f"written: {written}")


def power(
    experiment: Named,
    effect: Annotated[float, typer.Option(help="The difference in AD to be seen, such as 0.05.")],
    wanted: Annotated[float, typer.Option("--power", help="How likely it is to be seen.")] = 0.8,
    pilot: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="RUN", help="Take scenarios' spread and noise from this run."
        ),
    ] = None,
    model: Model = None,
    study: Root = None,
) -> None:
    """How many scenarios and repeats it takes to see a difference, by simulation; asks no model."""
    from ...analysis.power.power import power as find_power
    from ..screens.power import print_power

    loaded = load(experiment, study, None, model, None)
    print_power(find_power(loaded, effect, wanted, pilot), pilot)


def audit(
    run: Annotated[Path, typer.Argument(help="A run folder that varied decoding.")],
    parser: ParserName = "strict",
) -> None:
    """What the constraint did to the answers: what it saved, what it moved, what it cost."""
    from ...analysis.constraint_effects import audit as audit_run
    from ...analysis.constraint_effects import write_audit
    from ...analysis.parsers import parser_named
    from ...analysis.results import open_run
    from ..screens.audit import print_audit
    from ..screens.tables import print_parser

    opened = open_run(run, parser=parser_named(parser))
    tables = audit_run(opened)
    written = write_audit(opened, tables)
    print_parser(opened.parser)
    print_audit(tables)
    print(f"written: {written}/audit_*.csv")


def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    parser: ParserName = "strict",
    study: Root = None,
) -> None:
    """Tables, figures and a page of a run: the published ones on screen, all under RUN."""
    from ...analysis.parsers import parser_named
    from ...analysis.results import open_run
    from ...report.page.page import write_page
    from ...report.report import make_report, write_report
    from ..screens.report import print_report

    made = make_report(open_run(run, study, parser_named(parser)))
    write_report(made)
    write_page(made)
    print_report(made)


def score_(
    answers: Annotated[
        Path, typer.Argument(help="A run folder, or a CSV, Excel, JSON or Parquet file.")
    ],
    convention: Annotated[str, typer.Option(help="thesis2026 or shen2025.")] = "thesis2026",
    by: Annotated[str, typer.Option(help="A column or a persona's variable, or several.")] = "",
    scale: Annotated[
        str,
        typer.Option(help="From the end that scores 1: A..D, or value=A..D,action=A..B, or 1..0."),
    ] = "",
    conditions: Annotated[
        str | None, typer.Option(help="The columns that tell conditions apart; none: ''.")
    ] = None,
    parser: ParserName = "strict",
    as_json: Annotated[bool, typer.Option("--json", help="Full precision, as JSON.")] = False,
) -> None:
    """Score anyone's answers, a row an answer, in a named convention; how they were read is said.

    Two layouts are recognised by their columns. A run's responses: `question` (value or action),
    `score` (1 strongly agree or aligned, to -1) or `letter` (A to F, `order` where options were
    shuffled), `scenario` or `value`; then `repeat`, `topic`, `valid`; other columns tell
    conditions apart where each scenario was asked under each of their levels, and are left aside
    where they differ between its two questions. Answers as released in 2025: `task` (1 value,
    2 action), `likert` (1 to 4), `normalized` (0 agree or aligned, to 1), `country`, `topic`,
    `value`, `prompt_index`.
    """
    from ...analysis.answers import read_answers
    from ...analysis.conventions import named
    from ...analysis.parsers import parser_named
    from ...analysis.results import open_run
    from ...analysis.scales import parse_scales
    from ...analysis.scores import score, to_json

    columns, read_by = _listed(by), parser_named(parser)
    if not answers.is_dir():
        told = None if conditions is None else _listed(conditions)
        found = read_answers(answers, parse_scales(scale) if scale else {}, told, read_by)
    elif scale or conditions is not None:
        right = "leave out --scale and --conditions"
        raise StudyError(str(answers), "a run knows its scales and its conditions", right)
    else:
        found = open_run(answers, parser=read_by).answers_by(columns)
    scores = score(found, named(convention), columns)
    if as_json:
        print(to_json(scores, found.reading, read_by))
        return
    from ..screens.score import print_reading, print_scores
    from ..screens.tables import print_parser

    print_reading(found)
    print_parser(read_by)
    print_scores(scores)


def _listed(names: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in names.split(",") if one.strip())
