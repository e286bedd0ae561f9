"""Planted respondents in a model's place: an experiment's answers, with their true figures known.

As arrays, under the option orders that the experiment's own plan has; or behind the simulated
engine, where the prompt goes in and the answer comes out, so that a run passes through everything
that a model's does:

    # experiments/planted.py, the `weights` of a profile whose engine is "simulated"
    experiment = load_experiment(study, path)
    who = [Respondent(coherence=...) for condition in experiment.conditions]
    answer = speaking(experiment, who, positions(who, 616, np.random.default_rng(1)))
"""

import json
import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from ...design.experiment import Experiment
from ...design.option_orders import select
from ...design.plan import make_plan
from ...design.settings import Condition
from ...engines.base import Call
from ...study.questions import QUESTIONS, load_questions
from ...study.scenarios import load_values
from ..contrasts import Contrast
from ..measures import Array
from ..resampling import Single
from .respondent import Orders, Respondent, answers, chosen_ranks, positions, ranks

OPTION_LINE = re.compile(r"^([A-Z])\. (.+)$", re.MULTILINE)
EXPERIMENTS_TOGETHER = 50
"""Experiments simulated at a time."""


def orders(experiment: Experiment, condition: Condition, repeats: int) -> tuple[list[str], Orders]:
    """The orders in which a condition is shown its options, as its plan has them.

    Of all scenarios, whatever the limit, in the seeded order; those without actions are left out.
    Returns the scenarios' ids and the orders.
    """
    settings = condition.settings
    everything = experiment.scenarios[settings.scenarios]
    asked = select([one for one in everything if one.options], settings.seed, len(everything))
    alone = copy(experiment)
    all_of_it = settings.model_copy(update={"limit": None, "repeats": repeats})
    alone.conditions = [replace(condition, settings=all_of_it)]
    stood: dict[tuple[str, str, int], list[int]] = {}
    for trial in make_plan(alone).trials:
        of = ranks(trial.question.scores)
        stood[trial.question.name, trial.scenario.id, trial.repeat] = [of[k] for k in trial.order]
    values, actions = (
        np.array([[stood[name, one.id, repeat] for repeat in range(repeats)] for one in asked])
        for name in QUESTIONS
    )
    return [one.id for one in asked], (values, actions)


def contributions(
    contrast: Contrast,
    both: tuple[Respondent, Respondent],
    shown: list[Orders],
    repeats: list[int],
    experiments: int,
    random: np.random.Generator,
) -> Single:
    """What each scenario adds to a contrast in AD: [repeats, experiments, scenarios].

    both: how its conditions and their references answer. shown: the orders of each condition of the
    experiment. repeats: numbers of them. Scenarios are drawn anew for each simulated experiment.
    """
    weights: dict[int, float] = {}
    levels = {a for a, _ in contrast.pairs}
    for (a, b), weight in zip(contrast.pairs, contrast.weights, strict=True):
        weights[a] = weights.get(a, 0.0) + weight
        weights[b] = weights.get(b, 0.0) - weight
    who = [both[0] if place in levels else both[1] for place in weights]
    scenarios = len(shown[0][0])
    added = np.zeros((len(repeats), experiments, scenarios), dtype=np.float32)
    for start in range(0, experiments, EXPERIMENTS_TOGETHER):
        some = min(EXPERIMENTS_TOGETHER, experiments - start)
        held = positions(who, some * scenarios, random)
        for one, own, (place, weight) in zip(who, held, weights.items(), strict=True):
            values, actions = (np.tile(order, (some, 1, 1)) for order in shown[place])
            given = answers(one, own, (values, actions), random)
            for row, count in enumerate(repeats):
                stated, chosen = (side[:, :count].mean(axis=1) for side in given)
                distance = np.abs(stated - chosen).reshape(some, scenarios)
                added[row, start : start + some] += weight * distance
    return added


def planted_engine(
    experiment: Experiment, who: Sequence[Respondent], held: Array
) -> Callable[[Call], str]:
    """A function that answers calls as planted respondents would; a call asks about one scenario.

    who: one a condition, in the experiment's order; conditions are told apart by the text of their
    persona. held: `positions` of each in every scenario of the file, [conditions, 2, scenarios].
    The options and their letters are read off the prompt, the noise drawn by the call's seed.
    """
    study, settings = experiment.study, experiment.conditions[0].settings
    questions = load_questions(study, settings.questions, f"{experiment.place}: questions")
    values = load_values(study)
    known = [
        (
            one.text,
            {
                frozenset(asked.options): (
                    name,
                    dict(zip(asked.options, ranks(asked.scores), strict=True)),
                )
                for name in QUESTIONS
                for way in range(len(questions.ways(name)))
                for asked in [questions.ask(name, one, values, way)]
            },
        )
        for one in experiment.scenarios[settings.scenarios]
    ]
    blocks = {condition.block: place for place, condition in enumerate(experiment.conditions)}

    def answer(call: Call) -> str:
        prompt = call.messages[-1]["content"]
        block = max((one for one in blocks if one in prompt), key=len)
        number = next(place for place, (text, _) in enumerate(known) if text in prompt)
        letters, options = zip(*OPTION_LINE.findall(prompt), strict=True)
        question, rank = known[number][1][frozenset(options)]
        order = np.array([[[rank[one] for one in options]]])
        position = held[blocks[block], QUESTIONS.index(question), number]
        random = np.random.default_rng(call.seed)
        (chosen,) = chosen_ranks(who[blocks[block]], np.array([position]), order, random)[0]
        letter = letters[list(order[0, 0]).index(chosen)]
        return json.dumps({"reasoning": "It is where this respondent stands.", question: letter})

    return answer
