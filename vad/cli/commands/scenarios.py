"""vad scenarios check | generate | judge | import."""

from pathlib import Path
from typing import Annotated

import typer

from ...study.loader import locate_study

app = typer.Typer(no_args_is_help=True, help="Check, draft, judge and import dilemmas.")

Root = Annotated[Path | None, typer.Option("--study", help="The study's folder.")]
Model = Annotated[str, typer.Option(help="A model of experiments/models.toml.")]
Seed = Annotated[int, typer.Option(help="Decides the sampling.")]


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="A JSON Lines file; default: ours.")] = None,
    personas: Annotated[
        str, typer.Option(help="A file of personas/, for which marks are counted.")
    ] = "cultural",
    study: Root = None,
) -> None:
    """Print what can be proved of a set of dilemmas; exit code 1 if a limit is missed."""
    from ...errors import StudyError
    from ...study.personas import load_personas
    from ...study.scenarios import load_topics, load_values, read_scenarios
    from ...tools.curation.scenario_checks import check_dilemmas
    from ...tools.curation.scenario_marks import implausible
    from ..screens.checks import print_findings

    found = locate_study(study, file)
    path = file or found.root / "scenarios" / "dilemmas.jsonl"
    if not path.is_file():
        raise StudyError(str(path), "there is no such file")
    scenarios = read_scenarios(found, path)
    findings = check_dilemmas(scenarios, load_values(found), load_topics(found))
    people = load_personas(found, personas, "--personas")
    findings.append(implausible(scenarios, people, f"personas/{personas}.toml"))
    missed = print_findings(findings)
    print(f"{len(scenarios)} dilemmas, {len(findings)} checks, {missed} missed")
    if missed:
        raise SystemExit(1)


@app.command()
def generate(
    value: Annotated[str, typer.Option(help="One of scenarios/values.toml.")],
    model: Model,
    topic: Annotated[str | None, typer.Option(help="Default: all topics in turn.")] = None,
    n: Annotated[int, typer.Option("--n", help="How many drafts.")] = 1,
    seed: Seed = 2026,
    study: Root = None,
) -> None:
    """Draft dilemmas with a model into scenarios/drafts.jsonl, beside the dataset."""
    from ...tools.curation.drafting import generate as draft

    found = locate_study(study, None)
    path, drafts = draft(found, value, topic, model, n, seed)
    for one in drafts:
        print(f"{one.scenario.id}: valid" + ("" if not one.faults else ", to be changed:"))
        for fault in one.faults:
            print(f"      {fault}")
    print(f"{len(drafts)} drafts added to {found.place(path)}")


@app.command()
def judge(
    model: Model,
    limit: Annotated[int | None, typer.Option(help="Only the first N of a seeded order.")] = None,
    seed: Seed = 2026,
    study: Root = None,
) -> None:
    """Have a model answer the six questions of the review, and print how far the two agree."""
    from ...report.formatting import format_number
    from ...tools.curation.judging import judge as ask

    found = locate_study(study, None)
    out = found.root / "runs" / "judge" / f"{model}.csv"
    judged, agreement = ask(found, model, limit, seed, out)
    print(f"{'question':20} {'yes, review':>12} {'yes, judge':>12} {'agree':>8} {'kappa':>8}")
    for one in agreement:
        print(
            f"{one.question:20} {one.review_yes:12.3f} {one.judge_yes:12.3f} {one.agree:8.3f} "
            f"{format_number('kappa', one.kappa):>8}"
        )
    print(f"{len(judged)} texts judged; written: {found.place(out)}")


@app.command(name="import")
def import_(
    name: Annotated[str, typer.Argument(metavar="FORMAT", help="A file scenarios/FORMAT.py.")],
    path: Annotated[Path, typer.Argument(help="The release: a file or a folder.")],
    to: Annotated[str, typer.Option(help="Written: scenarios/TO.jsonl; default: FORMAT.")] = "",
    study: Root = None,
) -> None:
    """Read another study's release into scenarios/, and list all that is odd in it."""
    from ...tools.curation.importing import import_scenarios

    place = locate_study(study, None)
    found, out, listed = import_scenarios(place, name, path, to or name)
    paired = sum(bool(one.options) for one in found.scenarios)
    print(f"{found.rows:,} rows, {found.rows - len(found.oddities):,} of them as they should be")
    for (kind, used), count in found.kinds().most_common():
        print(f"{count:7,}  {kind}: {'used' if used else 'not used'}")
    print(f"{len(found.scenarios):,} scenarios, {paired:,} of them with actions")
    print(f"written: {place.place(out)}, {place.place(listed)}")
