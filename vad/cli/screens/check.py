"""What `vad check` prints: questions, tokens, the certificate before a run, a forecast."""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from ...design.experiment import Experiment
from ...engines.capabilities import capabilities, template_is_servers
from ...study.models import Model
from .progress import clock

if TYPE_CHECKING:
    from ...design.trials import Plan
    from ...runs.guarantee.certificate import Certificate


def print_check(experiment: Experiment, timed: bool) -> None:
    """Questions, tokens, balance of the option orders, and points 1 to 4 of the certificate.

    timed: how long it will take too, for which the model answers some of its questions.
    """
    from ...design.option_orders import balance
    from ...design.plan import make_plan
    from ...runs.guarantee.certificate import certify

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
    for question, worst in balance((one.question.name, one.order) for one in plan.trials).items():
        print(
            f"option orders, {question} question: shares of an option over the places differ "
            f"from equal by at most {worst:.3f}"
        )
    per_model = Counter(plan.condition(trial).settings.model for trial in trials)
    for name, count in per_model.items():
        one = certify(plan, name)
        print(f"\n{name}: {count:,} questions in {one.calls:,} calls")
        _print_certificate(one, experiment.models[name])
        if timed:
            _print_forecast(plan, name)


def _print_certificate(one: "Certificate", model: Model) -> None:
    if model.memory_gb:
        print(f"  memory            {model.memory_gb:g} GB of weights, an estimate: 2 bytes each")
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
    elif capabilities(model).has_weights:
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
    _print_paths(one)
    _print_contents(one, model)
    print("  4 settings        yes, none that breaks answers")
    print("  5 canary          asked when the run begins")
    if model.validated:
        print(
            f"  {one.guarantee}: its provider holds answers to a JSON schema in its own way;\n"
            "  each is checked by the strict reader, the invalid ones are kept and counted"
        )


def _print_contents(one: "Certificate", model: Model) -> None:
    """Whether what the messages say stands in the prompts, and what a model may stumble over."""
    if one.contents:
        print("                    all that the messages say stands in the prompts")
    elif template_is_servers(model):
        print(
            "                    its server's chat template is not known: a word planted in the "
            "persona's\n                    place is asked for when the run begins"
        )
    for note in one.notes:
        print(fill(note, 96, initial_indent=" " * 20, subsequent_indent=" " * 20))


def _print_paths(one: "Certificate") -> None:
    """Where a program has more than one path: which were proved, and what each call is held to."""
    if one.paths <= 1 and not one.unended and not one.untried:
        return
    more = f"; {one.unended} had no end within the bound" if one.unended else ""
    more += f"; {one.untried} choices were not tried" if one.untried else ""
    print(
        f"                    on {one.paths} paths of its programs, each choice tried{more};\n"
        "                    prompt and budget are checked again before every call"
    )


def _print_forecast(plan: "Plan", name: str) -> None:
    from ...engines.factory import make_engine
    from ...runs.forecast import calibrate

    with tempfile.NamedTemporaryFile(prefix="vad-engine-", suffix=".log") as log:
        for one in asyncio.run(calibrate(plan, name, make_engine, Path(log.name))):
            low, high = map(clock, one.interval)
            print(
                f"  time              about {clock(one.seconds)} ({low} to {high}) for "
                f"{one.conversations:,} calls of the program, backend {one.backend};\n"
                f"                    {one.timed} timed while the engine was full, {one.asked} "
                f"asked in all; its start took {clock(one.start)}"
            )
