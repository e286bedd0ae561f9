"""What `vad check` prints: questions, tokens, the certificate before a run, a forecast."""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from ...design.experiment import Experiment
from ...engines.capabilities import capabilities, template_is_servers
from ...engines.fetch import here, megabytes
from ...study.models import Model
from .progress import clock

if TYPE_CHECKING:
    from ...design.trials import Plan, Trial
    from ...runs.guarantee.certificate import Certificate

DISAGREES = re.compile(r"\b(disagree|not|never|oppose|reject)", re.IGNORECASE)
"""What a label of disagreement holds, in English: reason to ask, not to refuse."""


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
    _print_implausible(experiment)
    for question, worst in balance((one.question.name, one.order) for one in plan.trials).items():
        print(
            f"option orders, {question} question: shares of an option over the places differ "
            f"from equal by at most {worst:.3f}"
        )
    for question, scale in _scales(trials).items():
        print(f"scale, {question} question: {scale}")
    per_model = Counter(plan.condition(trial).settings.model for trial in trials)
    for name, count in per_model.items():
        one = certify(plan, name)
        print(f"\n{name}: {count:,} questions in {one.calls:,} calls")
        _print_certificate(one, experiment.models[name])
        if not here(experiment.models[name], experiment.study):
            _print_absent(experiment.models[name])
        if timed:
            _print_forecast(plan, name)


def _scales(trials: Sequence["Trial"]) -> dict[str, str]:
    """Of each question, the two ends of its scale with their scores; of several scales, each."""
    found: dict[str, dict[str, None]] = {}
    for trial in trials:
        asked = trial.question
        high, low = (asked.scores.index(pick(asked.scores)) for pick in (max, min))
        if asked.name == "action":
            sides = [trial.scenario.options[at] for at in (high, low)]
            ends = [" ".join(filter(None, [one.intensity, one.polarity])) for one in sides]
        else:
            ends = [f'"{asked.options[at]}"' for at in (high, low)]
        said = f"{ends[0]} scores {max(asked.scores):g}, {ends[1]} {min(asked.scores):g}"
        if asked.name == "value" and DISAGREES.search(ends[0]) and not DISAGREES.search(ends[1]):
            said += " (a scale begins with what scores 1; is this one written the other way round?)"
        found.setdefault(asked.name, {})[f"{said}, {len(asked.options)} options"] = None
    return {question: "; ".join(scales) for question, scales in found.items()}


def _print_implausible(experiment: Experiment) -> None:
    """How many pairs of persona and scenario cannot meet, and what becomes of them."""
    pairs: dict[str, set[tuple[str, str]]] = {}
    for one in experiment.conditions:
        for scenario in experiment.scenarios[one.settings.scenarios] if one.persona else []:
            if one.persona and not scenario.can_meet(one.persona):
                pair = one.persona.name, scenario.id
                pairs.setdefault(one.settings.implausible, set()).add(pair)
    for how, found in pairs.items():
        becomes = "asked all the same" if how == "ask" else "left out"
        print(f"{len(found)} pairs of persona and scenario cannot meet; {becomes}")


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


def _print_absent(model: Model) -> None:
    """What could not be looked at, as the weights are not on this machine."""
    size = f"{megabytes(model):,} MB" if megabytes(model) else "of a size not stated"
    print(
        f"  not looked at     tokens, chat template and context of its weights ({size}), which are "
        f"not here:\n                    vad models fetch {model.name}, or vad run, which fetches "
        "them first"
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
