"""The verbs that plan and ask: what a study holds, what a run would ask, a run, a run again."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ...errors import Interrupted, StudyError
from ..options import Limit, Model, Named, Root, Runs, Seed, Share, experiment_path, load


def list_(study: Root = None) -> None:
    """What this study holds: experiments, models, programs, formats, personas, scenarios."""
    from ...study.loader import locate_study
    from ..screens.study import print_study

    print_study(locate_study(study, None))


def check(
    experiment: Named,
    limit: Limit = None,
    model: Model = None,
    seed: Seed = None,
    timed: Annotated[
        bool, typer.Option("--calibrate", help="Ask some, and say how long all will take.")
    ] = False,
    study: Root = None,
) -> None:
    """Load all that an experiment names, count its questions, prove its answers parseable."""
    from ..screens.check import print_check

    print_check(load(experiment, study, limit, model, seed), timed)


def show(
    experiment: Named,
    trial: Annotated[
        str | None, typer.Option(help="Its number in the plan, from 0, or its key.")
    ] = None,
    persona: Annotated[str | None, typer.Option(help="The first trial of this persona.")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="The first trial under this format.")
    ] = None,
    program: Annotated[str | None, typer.Option(help="The first trial under this program.")] = None,
    question: Annotated[
        str | None, typer.Option(help="The first trial of it: value, action or level.")
    ] = None,
    scenario: Annotated[str | None, typer.Option(help="The first trial of it, by its id.")] = None,
    limit: Limit = None,
    model: Model = None,
    seed: Seed = None,
    study: Root = None,
) -> None:
    """The exact prompts behind a trial, byte for byte, their constraints and bounds, on every path
    of its program that a dry run takes."""
    from ..screens.trial import print_trial

    wanted = {
        "format": format_,
        "persona": persona,
        "program": program,
        "question": question,
        "scenario": scenario,
    }
    named = {key: value for key, value in wanted.items() if value is not None}
    print_trial(load(experiment, study, limit, model, seed), trial, named)


def run(
    experiment: Annotated[
        str | None, typer.Argument(metavar="EXPERIMENT", help="A TOML file, or its name.")
    ] = None,
    limit: Limit = None,
    model: Model = None,
    seed: Seed = None,
    study: Root = None,
    runs: Runs = None,
    new: Annotated[bool, typer.Option("--new", help="Begin another run folder.")] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Go on where nothing that a provider answers can be read."),
    ] = False,
    shard: Share = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--from", metavar="MANIFEST", help="Ask all of this run again, in x-again."),
    ] = None,
) -> None:
    """Ask every trial that is not answered yet, and print the gap in each condition."""
    again = "vad " + " ".join(sys.argv[1:])
    try:
        from ...runs.run import run as ask_all
        from ...runs.run import run_again
        from ...runs.shards import parse_shard
        from ...study.loader import locate_study
        from ..screens.models import fetch_shown
        from ..screens.progress import progress

        if (experiment is None) == (manifest is None):
            raise StudyError("vad run", "takes an experiment, or --from MANIFEST: one of the two")
        if experiment is not None:
            loaded = load(experiment, study, limit, model, seed)
            fetch_shown(list(loaded.models.values()), loaded.study)
            folder = runs or loaded.study.root / "runs"
            one = parse_shard(shard) if shard is not None else None
            with progress() as show_progress:
                outcome = ask_all(loaded, folder, new, show_progress, anyway, one)
        elif manifest is not None:
            if new or anyway or (limit, model, seed, shard) != (None, None, None, None):
                said = "asks what the run asked; it takes no option but --runs and --study"
                raise StudyError("--from", said)
            before = manifest.parent if manifest.name == "manifest.json" else manifest
            found = locate_study(study, before)
            with progress() as show_progress:
                folder = runs or found.root / "runs"
                outcome = run_again(before, found, folder, show_progress)
        # Not before the last question: it takes pandas, which no question does.
        from ..screens.run import print_outcome

        print_outcome(outcome)
    except (Interrupted, KeyboardInterrupt):
        print(f"stopped; every answer so far is saved\ngo on with: {again}", file=sys.stderr)
        raise SystemExit(130) from None
    if outcome.open:
        print(f"{outcome.open} trials are still open; ask them again: {again}", file=sys.stderr)
        raise SystemExit(1)


def status(run: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """How far a run is, while it goes on or after: answers, rate, time left, unreadable, tokens."""
    from ...runs.status import run_status
    from ..screens.status import print_status

    print_status(run_status(run))


def merge(
    shards: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Shards' run folders.")],
    into: Annotated[
        Path | None, typer.Option(help="The run folder to write; default: beside them.")
    ] = None,
) -> None:
    """Make one run of the shards of one; exit code 1 where some of its questions are missing."""
    from ...runs.merge import merge as make_one

    merged = make_one(shards, into)
    print(f"{merged.answers:,} of {merged.planned:,} answers\nwritten: {merged.folder}")
    if merged.missing:
        print(
            f"missing: {'; '.join(merged.missing)}\nask them: the experiment's `vad run`, which "
            "goes on with this folder",
            file=sys.stderr,
        )
        raise SystemExit(1)


def verify(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    sample: Annotated[int, typer.Option(min=1, help="Trials to ask again.")] = 200,
    seed: Annotated[int, typer.Option(help="Which trials, and the redraws.")] = 2026,
    study: Root = None,
    runs: Runs = None,
) -> None:
    """Ask a sample of a run's trials again: how many answers come out equal, and what noise in
    AR and AD follows."""
    from ...analysis.results import open_run
    from ...study.loader import locate_study
    from ...tools.reproducibility import verify as ask_again
    from ..screens.progress import progress
    from ..screens.verify import print_verified

    found = locate_study(study, run)
    with progress() as show_progress:
        opened = open_run(run, found.root)
        folder = runs or found.root / "runs"
        verified = ask_again(opened, found, folder, sample, seed, show_progress)
    print_verified(verified)


def optimize(
    experiment: Named,
    optimizer: Annotated[
        str, typer.Option(help="bootstrap, bootstrap_search, mipro, gepa or copro.")
    ],
    objective: Annotated[str, typer.Option(help="A file objectives/NAME.py.")],
    name: Annotated[str, typer.Option(help="Of the program found; default: of all three.")] = "",
    program: Annotated[
        str | None, typer.Option(help="This program instead of the experiment's.")
    ] = None,
    limit: Limit = None,
    model: Model = None,
    seed: Seed = None,
    study: Root = None,
    runs: Runs = None,
) -> None:
    """Let an optimiser of DSPy change a program; its worth is shown by scenarios kept back.

    Half of the scenarios train, a quarter validates, a quarter tests. The program found is written
    to signatures/NAME.py, how it was found to runs/optimize/NAME.
    """
    from ...study.loader import locate_study
    from ...tools.optimize.save import optimize_program
    from ..screens.optimize import print_optimization

    place = locate_study(study, Path(experiment))
    try:
        found, path = optimize_program(
            place,
            experiment_path(place, experiment),
            optimizer,
            objective,
            name,
            runs or place.root / "runs",
            partial(print, file=sys.stdout, flush=True),
            {"program": program, "limit": limit, "model": model, "seed": seed},
        )
    except (Interrupted, KeyboardInterrupt):
        print("stopped; nothing is kept of it: the same command begins anew", file=sys.stderr)
        raise SystemExit(130) from None
    print_optimization(found, path.stem)
    print(f"written: {place.place(path)}")
