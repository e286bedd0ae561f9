"""Plan: an experiment -> all of its conversations, a condition after the other."""

from typing import Any

from ..engines.capabilities import capabilities
from ..errors import StudyError
from ..study.hashing import digest
from ..study.personas import Variable
from ..study.questions import LEVEL, Questions
from ..study.scenarios import Scenario, ValueInfo
from .conversations import ConversationBuilder, scenario_inputs
from .experiment import Experiment
from .option_orders import select
from .programs import Part, Program
from .settings import Condition, Settings
from .trials import Plan

Chosen = dict[tuple[str, int, int | None, str | None, str], list[Scenario]]
CallGroup = tuple[tuple[Part, ...], list[Scenario]]
"""The forms of one part of a program, and the scenarios that one call of it asks about."""


def make_plan(experiment: Experiment) -> Plan:
    """Every trial of an experiment: condition x scenario x question x repeat.

    A pure function of what was loaded. Raises StudyError where a program, a question file and a
    scenario disagree.
    """
    plan = Plan(experiment)
    values = experiment.values
    chosen: Chosen = {}
    for place, condition in enumerate(experiment.conditions):
        settings = condition.settings
        program = experiment.programs[settings.program]
        if settings.decoding == "letter":
            _gives_letters(experiment, settings)
        questions = experiment.questions[settings.questions]
        variables = experiment.personas[settings.personas].variables
        fixed = _fixed(plan, condition, program)
        builder = ConversationBuilder(place, condition, questions, values, variables, fixed)
        scenarios = _scenarios(experiment, condition, chosen)
        calls = _calls(program, questions, scenarios, values, variables, settings.definition)
        for forms, about in calls:
            for repeat in range(settings.repeats):
                plan.conversations.append(builder.conversation(forms, about, repeat))
    return plan


def _scenarios(experiment: Experiment, condition: Condition, chosen: Chosen) -> list[Scenario]:
    """The scenarios that a condition is asked about: those for its persona, within the limit."""
    settings, persona = condition.settings, condition.persona
    who = persona.name if persona else None
    apart = settings.personas if settings.implausible == "leave out" else ""
    which = (settings.scenarios, settings.seed, settings.limit, who, apart)
    if which not in chosen:
        mine = [one for one in experiment.scenarios[which[0]] if who is None or one.is_for(who)]
        if apart and persona:
            mine = [one for one in mine if one.can_meet(persona)]
        if not mine:
            raise StudyError(
                f"scenarios/{which[0]}.jsonl", f'has no scenario for the persona "{who}"'
            )
        chosen[which] = select(mine, settings.seed, settings.limit)
    return chosen[which]


def _fixed(plan: Plan, condition: Condition, program: Program) -> dict[str, str]:
    """By the hash of each part: a hash of all that decides an answer and that a condition fixes."""
    settings = condition.settings
    experiment = plan.experiment
    identity = experiment.identities[settings.model]
    decided = (
        settings.adapter,
        settings.decoding,
        settings.backend if settings.decoding != "free" else "",
        plan.sampling(condition).model_dump_json(),
        settings.seed,
        condition.block,
        settings.persona_turn if condition.block else "",
    )
    parts = (part for forms in program.parts for part in forms)
    return {part.hash: digest(identity, part.hash, *decided) for part in parts}


def _calls(
    program: Program,
    questions: Questions,
    scenarios: list[Scenario],
    values: dict[str, ValueInfo],
    variables: tuple[Variable, ...],
    defined: bool,
) -> list[CallGroup]:
    """Which scenarios each part is asked about in one call, at the place of the first of them.

    One, or, where a part answers for many, all that its inputs tell the same of: question, options
    and what else it takes of the scenario. A scenario without actions has no action question. What
    is asked of the persona's own variables comes last, a variable in a scenario's place.
    """
    groups: dict[tuple[Any, ...], list[Scenario]] = {}
    calls: list[CallGroup] = []
    for scenario in scenarios:
        for number, forms in enumerate(program.parts):
            if forms[0].questions == (LEVEL,):
                continue
            if not scenario.options and "action" in forms[0].questions:
                continue
            if not forms[0].many:
                calls.append((forms, [scenario]))
                continue
            asked = [
                (one.text, one.options)
                for name in forms[0].questions
                for way in range(len(questions.ways(name)))
                for one in [questions.ask(name, scenario, values, way, defined)]
            ]
            of_it = scenario_inputs(scenario, values)
            taken = {name: of_it[name] for form in forms for name in form.inputs if name in of_it}
            group = groups.setdefault((number, *asked, *sorted(taken.items())), [])
            if not group:
                calls.append((forms, group))
            group.append(scenario)
    calls += [
        (forms, [Scenario(id=variable.key, value="", topic="", options=())])
        for forms in program.parts
        if forms[0].questions == (LEVEL,)
        for variable in variables
    ]
    return calls


def _gives_letters(experiment: Experiment, settings: Settings) -> None:
    """StudyError where the probabilities of letters cannot be had."""
    place, name = f"{experiment.place}: decoding", settings.model
    if settings.adapter == "chat":
        raise StudyError(
            place, 'letters have probabilities where the answer is JSON: adapter "plain" or "json"'
        )
    _distinct_first_characters(experiment.programs[settings.program])
    if not capabilities(experiment.models[name]).gives_probabilities:
        raise StudyError(
            place,
            f'"letter" reads probabilities, which the engine "{experiment.models[name].engine}" '
            f"of {name} does not give",
            'write: decoding = ["free", "constrained"], or ask it with the engine "vllm"',
        )


def _distinct_first_characters(program: Program) -> None:
    """Refuse what option_probabilities.py cannot tell apart by the next token."""
    for part in (part for forms in program.parts for part in forms):
        for name, answers in part.answers.items():
            if len({str(one)[:1] for one in answers}) < len(answers):
                raise StudyError(
                    part.place,
                    f'decoding = "letter" needs options of {name} that differ in their first '
                    f"character; found {', '.join(map(str, answers))}",
                    'let the signature answer in letters: Literal["A", "B", ...]',
                )
