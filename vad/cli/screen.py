"""What the command line prints: a study's contents, a check, a trial, an outcome, tables."""

import asyncio
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from textwrap import fill, shorten
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from ..errors import StudyError
from ..experiment import Experiment, column
from ..layout import LEVEL
from ..score import FIGURES as MEASURES
from ..score import Scores
from ..study import Study
from .progress import clock

if TYPE_CHECKING:
    from ..trial import Plan

BACK = ("fidelity", "unprompted")
MOST_KEYS = 4
"""Columns that tell conditions apart, at most, for a screen to hold them beside the figures."""
SHOWN = ("AR", "AD", "corrected gap", "scenarios", "asked", "parsed", "missing")


def print_study(study: Study) -> None:
    """Every name of the study with what its file says of itself."""
    from ..model import load_models

    programs: list[str] = []
    signatures: list[str] = []
    for name in study.names("signatures", ".py"):
        exports = study.assigned("signatures", name)
        (programs if exports & {"value", "action", "both", "level"} else signatures).append(name)
    sections = (
        (
            "experiments",
            "experiments",
            ".toml",
            [name for name in study.names("experiments", ".toml") if name != "models"],
        ),
        ("programs", "signatures", ".py", programs),
        ("signatures", "signatures", ".py", signatures),
        ("questions", "signatures", ".toml", study.names("signatures", ".toml")),
        ("formats", "personas", ".py", study.names("personas", ".py")),
        ("personas", "personas", ".toml", study.names("personas", ".toml")),
        ("objectives", "objectives", ".py", study.names("objectives", ".py")),
        ("releases to import", "scenarios", ".py", study.names("scenarios", ".py")),
    )
    rows = {
        title: [(name, study.about(study.root / folder / f"{name}{suffix}")) for name in names]
        for title, folder, suffix, names in sections
    }
    rows["scenarios"] = [
        (name, f"{sum(1 for line in study.read(path).splitlines() if line.strip())} scenarios")
        for name in study.names("scenarios", ".jsonl")
        for path in [study.root / "scenarios" / f"{name}.jsonl"]
    ]
    rows["models"] = [
        (name, f"{model.engine}: {model.about or model.weights}")
        for name, model in load_models(study).items()
    ]
    width = max(len(name) for section in rows.values() for name, _ in section)
    for title, section in rows.items():
        print(title)
        for name, about in section:
            print(f"  {name:{width}}  {shorten(about, 96 - width, placeholder=' ...')}")


def print_check(experiment: Experiment, timed: bool) -> None:
    """Questions, tokens, balance of the option orders, and points 1 to 4 of the certificate.

    timed: how long it will take too, for which the model answers some of its questions.
    """
    from ..certificate import balance, certify
    from ..plan import make_plan

    plan = make_plan(experiment)
    trials = plan.trials
    conditions = len(experiment.conditions)
    scenarios = {trial.scenario.id for trial in trials}
    print(
        f"{experiment.place}: {conditions} conditions, {len(scenarios)} scenarios, "
        f"{len(trials):,} questions, {len({trial.key for trial in trials}):,} of them different"
    )
    bare = {trial.scenario.id for trial in trials if not trial.scenario.options}
    if bare:
        print(f"{len(bare)} scenarios have no actions; only their value question is asked")
    for question, worst in balance(plan).items():
        print(
            f"option orders, {question} question: shares of an option over the places differ "
            f"from equal by at most {worst:.3f}"
        )
    per_model = Counter(plan.condition(trial).settings.model for trial in trials)
    for name, count in per_model.items():
        one = certify(plan, name)
        print(f"\n{name}: {count:,} questions in {one.calls:,} calls")
        model = experiment.models[name]
        if model.memory_gb:
            print(
                f"  memory            {model.memory_gb:g} GB of weights, an estimate: 2 bytes each"
            )
        if model.unverified:
            print(
                fill(
                    model.unverified,
                    96,
                    initial_indent="  not verified      ",
                    subsequent_indent=" " * 20,
                )
            )
        if one.tokenizer:
            print(
                f"  prompt tokens     {one.prompt_tokens:,} in all, at most "
                f"{one.longest_prompt} in one;\n"
                f"                    {one.computed_tokens:,} of them to compute where prompts "
                "share their prefixes"
            )
        elif model.engine != "simulated":
            print(
                f"  prompt tokens     at most {one.prompt_tokens:,} in all, {one.longest_prompt} "
                "in one (a token a byte:"
            )
            print("                    its tokenizer is not here; point 3 is proved when it is)")
        print(f"  1 finite          yes, longest answer {one.longest_answer} bytes")
        print(
            f"  2 budget          yes, max_tokens {one.max_tokens}"
            + (
                f"; {one.silent_tokens} tokens that decode to nothing are banned"
                if one.tokenizer
                else ""
            )
        )
        if one.tokenizer:
            print(
                f"  3 context         yes, {one.longest_prompt} + {one.max_tokens} tokens at "
                f"most, max_model_len {one.max_model_len}"
            )
        print("  4 settings        yes, none that breaks answers")
        print("  5 canary          asked when the run begins")
        if model.validated:
            print(
                f"  {one.guarantee}: its provider holds answers to a JSON schema in its own way;\n"
                "  each is checked by the strict reader, the invalid ones are kept and counted"
            )
        if timed:
            _print_forecast(plan, name)


def _print_forecast(plan: "Plan", name: str) -> None:
    from ..engines import make_engine
    from ..forecast import calibrate

    with tempfile.NamedTemporaryFile(prefix="vad-engine-", suffix=".log") as log:
        for one in asyncio.run(calibrate(plan, name, make_engine, Path(log.name))):
            low, high = map(clock, one.interval)
            print(
                f"  time              about {clock(one.seconds)} ({low} to {high}) for "
                f"{one.conversations:,} calls of the program, backend {one.backend};\n"
                f"                    {one.timed} timed while the engine was full, {one.asked} "
                f"asked in all; its start took {clock(one.start)}"
            )


def print_trial(experiment: Experiment, which: str) -> None:
    """One trial: its condition, and for each call the prompt as the model gets it."""
    from ..certificate import rehearse
    from ..plan import make_plan
    from ..tokens import Tokens

    plan = make_plan(experiment)
    found = [
        (place, one, trial)
        for place, (one, trial) in enumerate(
            (one, trial) for one in plan.conversations for trial in one.trials
        )
        if which in (str(place), trial.key)
    ]
    if not found:
        raise StudyError(
            "--trial", f'no trial "{which}"; they run from 0 to {len(plan.trials) - 1}'
        )
    place, conversation, trial = found[0]
    condition = plan.condition(trial)
    model = experiment.models[condition.settings.model]
    sampling = plan.sampling(condition)
    print(f"trial {place}, key {trial.key}")
    for name, value in condition.columns.items():
        print(f"{name}: {value}")
    others = len(conversation.trials) - 1
    if others:
        print(f"asked in one call with {others} others; its own item: {trial.item or 'none'}")
    print(f"scenario: {trial.scenario.id}, question: {trial.question.name}, repeat {trial.repeat}")
    print(
        f"options in order: {', '.join(map(str, trial.order))}; their scores: "
        + ", ".join(f"{trial.question.scores[option]:+.1f}" for option in trial.order)
    )
    print(f"temperature {sampling.temperature}, top_p {sampling.top_p}, top_k {sampling.top_k}")
    try:
        tokens = None if model.engine == "simulated" else Tokens(model, experiment.study)
    except StudyError:
        tokens = None
    for number, asked in enumerate(rehearse(conversation, model), 1):
        note = "" if number == 1 else ", earlier answers at their longest"
        print(f"\n----- call {number}: the prompt{note}")
        if tokens:
            print(tokens.prompt(asked.call.messages), end="")
        else:
            for message in asked.call.messages:
                print(f"[{message['role']}]\n{message['content']}")
        print(
            f"\n----- call {number}: the constraint"
            + ("" if condition.settings.decoding != "free" else " (not enforced: free)")
        )
        print(asked.call.language.regex)
        print(f"----- at most {asked.call.max_tokens} tokens")


def print_outcome(outcome: "object") -> None:
    """What a run came to: the table of conditions, the counts, where it lies."""
    from ..ledger import Outcome
    from ..opened import open_run

    assert isinstance(outcome, Outcome)
    try:
        run = open_run(outcome.folder)
        told = run.fidelity()
        if run.asked == [LEVEL]:
            print_fidelity(told)
        else:
            references = {column(key): levels[0] for key, levels in run.manifest["vary"].items()}
            print_conditions(run.scores(), told, references)
        for sentence in run.not_guaranteed():
            print(sentence)
    except StudyError as error:
        # No table yet is no reason to keep back what was asked and what failed.
        print(error)
    print(
        f"{outcome.planned:,} questions: {outcome.asked:,} asked now, {outcome.kept:,} answered "
        f"before, {outcome.reused:,} reused; {outcome.unreadable:,} answers unreadable"
    )
    if outcome.unseen_tokens:
        print(
            f"{outcome.prompt_tokens:,} prompt tokens: {outcome.computed_tokens:,} computed, the "
            f"others cached; {outcome.unseen_tokens:,} is the least that sharing prefixes allows "
            f"({outcome.computed_tokens / outcome.unseen_tokens:.3f} times)"
        )
    for problem, count in outcome.problems.most_common(3):
        print(f"{count} engine failures: {problem}")
    print(f"written: {outcome.folder}")


def print_conditions(table: pd.DataFrame, told: pd.DataFrame, references: dict[str, Any]) -> None:
    """Scores by condition on screen, the columns that vary; what is not defined is missing.

    told: what personas said back, by condition; beside the gap where it was asked. references: the
    first level of each factor. Where more columns vary than a screen holds, what a condition
    changes is said in one: `leave_out religiosity`, or nothing where it is the reference itself.
    """
    console = Console(width=None if Console().is_terminal else 120)
    shown = Table(box=None, pad_edge=False)
    keys = [
        str(name)
        for name in table
        if name not in MEASURES
        and name != "category"
        and (name == "persona" or table[name].nunique(dropna=False) > 1)
    ]
    crowded = len(keys) > MOST_KEYS
    for name in ("persona", "changed") if crowded else keys:
        shown.add_column(name, no_wrap=True)
    back = {tuple(row[name] for name in keys): row for row in told.to_dict("records")}
    counted = ("scenarios", "missing") if crowded else SHOWN[3:]
    for name in (*SHOWN[:3], *(BACK if back else ()), *counted):
        shown.add_column(name, justify="right", no_wrap=not crowded)
    for row in table.to_dict("records"):
        row |= {"asked": row["answers"], "parsed": row["answers"] - row["missing"]}
        who = tuple(row[name] for name in keys)
        figures = [_number(row[name]) for name in ("ar", "ad", "corrected_gap")]
        if back:
            figures += [_number(back[who][name]) if who in back else "" for name in BACK]
        counts = (row[name] for name in counted)
        factors = [name for name in keys if name != "persona"]
        changed = (f"{name} {row[name]}" for name in factors if row[name] != references.get(name))
        heads = (row["persona"], ", ".join(changed)) if crowded else who
        shown.add_row(*map(str, heads), *figures, *map(_number, counts))
    console.print(shown)


def print_fidelity(table: pd.DataFrame) -> None:
    """What personas said back, on screen: the columns that vary, then the figures."""
    console = Console(width=None if Console().is_terminal else 120)
    figures = [*BACK, "off_by", "answers", "missing"]
    keys = [
        str(name)
        for name in table
        if name not in (*figures, "category")
        and (name == "persona" or table[name].nunique(dropna=False) > 1)
    ]
    shown = Table(box=None, pad_edge=False)
    for name in keys:
        shown.add_column(name, no_wrap=True)
    for name in figures:
        shown.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for row in table.to_dict("records"):
        shown.add_row(*(str(row[name]) for name in keys), *(_number(row[name]) for name in figures))
    console.print(shown)


def print_scores(scores: Scores) -> None:
    """Every measure, a row each, and what it assumes; the groups beside the whole."""
    console = Console(width=None if Console().is_terminal else 120)
    columns = [str(name) for name in scores.groups if name not in MEASURES]
    assumed = asdict(scores.convention)
    print(f"{assumed.pop('name')}: {assumed.pop('source')}")
    print("  " + ", ".join(f"{name} {value}" for name, value in assumed.items()) + "\n")
    whole = Table(box=None, pad_edge=False, show_header=False)
    for name, meaning in MEASURES.items():
        whole.add_row(name, _number(scores.overall[name]), meaning)
    console.print(whole)
    if not columns:
        return
    table = Table(box=None, pad_edge=False)
    shown = ("ar", "ad", "kappa", "corrected_gap", "signed_gap", "scenarios", "missing")
    for name in columns:
        table.add_column(name)
    for name in (*shown, "filled", "undefined"):
        table.add_column(name, justify="right")
    for row in scores.groups.to_dict("records"):
        figures = (_number(row[name]) for name in (*shown, "filled", "undefined"))
        table.add_row(*(str(row[name]) for name in columns), *figures)
    console.print()
    console.print(table)


def _number(figure: float) -> str:
    if figure != figure:
        return "missing"
    if isinstance(figure, int):
        return f"{figure:,}"
    return f"{figure:.3f}".replace("-0.000", "0.000")
