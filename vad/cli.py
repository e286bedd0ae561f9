"""The command line: a thin face. Heavy imports wait inside the commands."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from .errors import EngineFailure, EngineGone, Interrupted, StudyError

if TYPE_CHECKING:
    from .experiment import Experiment
    from .study import Study

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Value-action dilemmas: what a language model says it values, what it says it would do, "
    "and the gap between the two.",
)

Named = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A TOML file, or its name.")]
Limit = Annotated[int | None, typer.Option(help="Only the first N scenarios of a seeded order.")]
Model = Annotated[
    str | None,
    typer.Option(help="This model instead of the experiment's, or several: --model A,B."),
]
Seed = Annotated[int | None, typer.Option(help="This seed instead of the experiment's.")]
Root = Annotated[Path | None, typer.Option("--study", help="The study's folder.")]
Runs = Annotated[Path | None, typer.Option(help="Where run folders are; default: STUDY/runs.")]


@app.command("list")
def list_(study: Root = None) -> None:
    """What this study holds: experiments, models, programs, formats, personas, scenarios."""
    from .screen import print_study
    from .study import locate_study

    print_study(locate_study(study, None))


@app.command()
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
    from .screen import print_check

    print_check(_load(experiment, study, limit, model, seed), timed)


@app.command()
def show(
    experiment: Named,
    trial: Annotated[str, typer.Option(help="Its number in the plan, from 0, or its key.")] = "0",
    limit: Limit = None,
    model: Model = None,
    seed: Seed = None,
    study: Root = None,
) -> None:
    """The exact prompt behind a trial, byte for byte, its constraint and its bound."""
    from .screen import print_trial

    print_trial(_load(experiment, study, limit, model, seed), trial)


@app.command()
def run(
    experiment: Annotated[
        str | None, typer.Argument(metavar="[EXPERIMENT]", help="A TOML file, or its name.")
    ] = None,
    limit: Limit = None,
    model: Model = None,
    seed: Seed = None,
    study: Root = None,
    runs: Runs = None,
    new: Annotated[bool, typer.Option("--new", help="Begin another run folder.")] = False,
    manifest: Annotated[
        Path | None,
        typer.Option("--from", metavar="MANIFEST", help="Ask all of this run again, in x-again."),
    ] = None,
) -> None:
    """Ask every trial that is not answered yet, and print the gap in each condition."""
    again = "vad " + " ".join(sys.argv[1:])
    try:
        from .progress import progress
        from .run import run as ask_all
        from .run import run_again
        from .screen import print_outcome
        from .study import locate_study

        if (experiment is None) == (manifest is None):
            raise StudyError("vad run", "takes an experiment, or --from MANIFEST: one of the two")
        if experiment is not None:
            loaded = _load(experiment, study, limit, model, seed)
            folder = runs or loaded.study.root / "runs"
            with progress() as show_progress:
                outcome = ask_all(loaded, folder, new, show_progress)
        elif manifest is not None:
            if new or (limit, model, seed) != (None, None, None):
                said = "asks what the run asked; it takes no --limit, --model, --seed or --new"
                raise StudyError("--from", said)
            before = manifest.parent if manifest.name == "manifest.json" else manifest
            found = locate_study(study, before)
            with progress() as show_progress:
                folder = runs or found.root / "runs"
                outcome = run_again(before, found, folder, show_progress)
        print_outcome(outcome)
    except (Interrupted, KeyboardInterrupt):
        print(f"stopped; every answer so far is saved\ngo on with: {again}", file=sys.stderr)
        raise SystemExit(130) from None
    if outcome.open:
        print(f"{outcome.open} trials are still open; ask them again: {again}", file=sys.stderr)
        raise SystemExit(1)


@app.command()
def prove(
    experiment: Named = "prove",
    answers: Annotated[int, typer.Option(min=1, help="Of each backend and vocabulary.")] = 1000,
    backend: Annotated[
        str, typer.Option(help="One or several, with commas.")
    ] = "outlines,xgrammar,guidance",
    vocabulary: Annotated[
        str, typer.Option(help="Sizes of the adversary's vocabulary, with commas.")
    ] = "4096",
    limit: Limit = None,
    seed: Annotated[
        int, typer.Option(help="Of weights, tokens and draws; odd: bytes as tokens apart.")
    ] = 2026,
    study: Root = None,
    runs: Runs = None,
) -> None:
    """Have models that mean nothing answer an experiment's questions, and read every answer.

    Needs vLLM, no weights and no hub. Exit code 1 if a single answer is unreadable.
    """
    from .progress import progress
    from .prove import prove as prove_all
    from .screen_prove import print_proof

    loaded = _load(experiment, study, limit, None, None)
    record = (runs or loaded.study.root / "runs") / "prove.csv"
    sizes = [_size(one) for one in vocabulary.split(",")]
    names = [one.strip() for one in backend.split(",")]
    with progress() as show:
        cells = prove_all(loaded, names, sizes, answers, seed, record, show)
    print_proof(cells, record)
    if any(cell.failed for cell in cells):
        raise SystemExit(1)


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    sample: Annotated[int, typer.Option(min=1, help="Trials to ask again.")] = 200,
    seed: Annotated[int, typer.Option(help="Which trials, and the redraws.")] = 2026,
    study: Root = None,
    runs: Runs = None,
) -> None:
    """Ask a sample of a run's trials again: how many answers come out equal, and what noise in
    AR and AD follows."""
    from .opened import open_run
    from .progress import progress
    from .screen_verify import print_verified
    from .study import locate_study
    from .verify import verify as ask_again

    found = locate_study(study, run)
    with progress() as show_progress:
        opened = open_run(run, found.root)
        folder = runs or found.root / "runs"
        verified = ask_again(opened, found, folder, sample, seed, show_progress)
    print_verified(verified)


@app.command()
def bench(
    experiment: Named = "quickstart",
    questions: Annotated[int, typer.Option(min=1, help="In each round, at most.")] = 960,
    rounds: Annotated[int, typer.Option(min=1, help="Of each way.")] = 5,
    ways: Annotated[
        str, typer.Option(help="Some of the four, with commas.")
    ] = "raw,run,dspy,simulated",
    model: Model = None,
    study: Root = None,
) -> None:
    """What we cost: raw vLLM, a whole run on it, DSPy's default path, an instant engine.

    Needs vLLM, and LiteLLM for DSPy's path.
    """
    from .bench.rounds import bench as measure
    from .bench.rounds import choose
    from .screen_bench import print_bench

    task, names = choose(_load(experiment, study, questions, model, None), questions, ways)
    print_bench(measure(task, names, rounds, lambda line: print(line, flush=True)))


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    any_two: Annotated[
        bool, typer.Option("--any", help="Every two conditions, not only those one factor apart.")
    ] = False,
    study: Root = None,
) -> None:
    """Paired differences between conditions: intervals, adjusted p-values, effect sizes."""
    from .compare import write_comparisons
    from .opened import open_run
    from .screen_compare import print_comparisons

    table = open_run(runs[0], study).compare(*runs[1:], any_two=any_two)
    written = write_comparisons(runs, table, any_two)
    print_comparisons(table)
    print(f"written: {written}")


@app.command()
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
    from .power import power as find_power
    from .screen_power import print_power

    loaded = _load(experiment, study, None, model, None)
    print_power(find_power(loaded, effect, wanted, pilot), pilot)


@app.command()
def audit(run: Annotated[Path, typer.Argument(help="A run folder that varied decoding.")]) -> None:
    """What the constraint did to the answers: what it saved, what it moved, what it cost."""
    from .audit import audit as audit_run
    from .audit import write_audit
    from .opened import open_run
    from .screen_audit import print_audit

    opened = open_run(run)
    tables = audit_run(opened)
    written = write_audit(opened, tables)
    print_audit(tables)
    print(f"written: {written}/audit_*.csv")


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    study: Root = None,
) -> None:
    """Tables, figures and a page of a run: the published ones on screen, all under RUN."""
    from .opened import open_run
    from .report.page import write_page
    from .report.write import make_report, write_report
    from .screen_report import print_report

    made = make_report(open_run(run, study))
    write_report(made)
    write_page(made)
    print_report(made)


@app.command()
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
    from .screen_optimize import print_found
    from .study import locate_study
    from .tuned import optimize_program

    place = locate_study(study, Path(experiment))
    try:
        found, path = optimize_program(
            place,
            _path(place, experiment),
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
    print_found(found, path.stem)
    print(f"written: {place.place(path)}")


@app.command(name="score")
def score_(
    answers: Annotated[
        Path, typer.Argument(help="A run folder, or a CSV (gzipped too) or Parquet file.")
    ],
    convention: Annotated[str, typer.Option(help="thesis2026 or shen2025.")] = "thesis2026",
    by: Annotated[str, typer.Option(help="A column or a persona's variable, or several.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Full precision, as JSON.")] = False,
) -> None:
    """Score anyone's answers, a row an answer, in a named convention.

    Two layouts are recognised by their columns. A run's responses: `question` (value or action),
    `score` (1 strongly agree or aligned, to -1) or `letter` (A to F, `order` where options were
    shuffled), `scenario` or `value`; then `repeat`, `topic`, `valid`; all other columns tell
    conditions apart. Answers as released in 2025: `task` (1 value, 2 action), `likert` (1 to 4),
    `normalized` (0 agree or aligned, to 1), `country`, `topic`, `value`, `prompt_index`.
    """
    from .convention import named
    from .opened import open_run
    from .pairing import read_answers
    from .score import score, to_json

    columns = tuple(one.strip() for one in by.split(",") if one.strip())
    found = open_run(answers).answers_by(columns) if answers.is_dir() else read_answers(answers)
    scores = score(found, named(convention), columns)
    if as_json:
        print(to_json(scores))
        return
    from .screen import print_scores

    print_scores(scores)


def _load(
    name: str, study: Path | None, limit: int | None, model: str | None, seed: int | None
) -> "Experiment":
    from .experiment import load_experiment
    from .study import locate_study

    found = locate_study(study, Path(name))
    return load_experiment(found, _path(found, name), limit=limit, model=model, seed=seed)


def _path(study: "Study", given: str) -> Path:
    """An experiment as a path, or by the name of its file in `experiments/`."""
    path = Path(given)
    if path.suffix != ".toml" and not path.exists():
        return study.root / "experiments" / f"{given}.toml"
    return path


def _size(text: str) -> int:
    if not text.strip().isdecimal():
        raise StudyError("--vocabulary", f'found "{text}"; write sizes: 4096,32768')
    return int(text)


def main() -> None:
    """Run the command line; what a person can mend is one message and exit code 2."""
    try:
        _ending(_command)
    finally:
        # What was to be done is done: a signal now would only interrupt Python's own clearing up.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _command() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from .begin import app as new
    from .begin import init
    from .dilemmas.commands import app as scenarios
    from .personas.commands import app as personas

    app.command()(init)
    app.add_typer(new, name="new")
    app.add_typer(scenarios, name="scenarios")
    app.add_typer(personas, name="personas")
    # Verbs that load no weights need no torch; transformers would complain that it is missing.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    app()


def _ending(command: Callable[[], None]) -> None:
    try:
        command()
    except StudyError as error:
        _stop(str(error), 2)
    except KeyboardInterrupt:
        _stop("stopped", 130)
    except EngineGone as error:
        _stop(f"{error}\nevery answer so far is saved; the same command goes on", 3)
    except EngineFailure as error:
        _stop(str(error), 3)
    except BrokenPipeError:
        raise SystemExit(141) from None
    except OSError as error:
        _stop(f"{error.filename or 'a file'}\n  {error.strerror or error}", 2)


def _stop(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
