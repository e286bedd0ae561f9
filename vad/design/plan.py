"""Plan: an experiment -> all of its conversations, a condition after the other."""

from typing import Any

from ..errors import StudyError
from ..study.hashing import digest
from ..study.personas import Variable
from ..study.questions import LEVEL, Questions, load_questions
from ..study.scenarios import Scenario, ValueInfo, load_values
from .conversations import ConversationBuilder, scenario_inputs
from .experiment import Experiment
from .option_orders import select
from .programs import Part, Program, load_program
from .settings import Condition
from .trials import Plan

Worded = dict[tuple[str, str, str], Questions]
Chosen = dict[tuple[str, int, int | None, str | None], list[Scenario]]
CallGroup = tuple[tuple[Part, ...], list[Scenario]]
"""The forms of one part of a program, and the scenarios that one call of it asks about."""


def make_plan(experiment: Experiment) -> Plan:
    """Every trial of an experiment: condition x scenario x question x repeat.

    Raises StudyError where a program, a question file and a scenario disagree.
    """
    values = load_values(experiment.study)
    plan = Plan(experiment, {})
    chosen: Chosen = {}
    worded: Worded = {}
    for place, condition in enumerate(experiment.conditions):
        settings = condition.settings
        program = _program(plan, condition)
        questions = _questions(experiment, condition, worded)
        variables = experiment.personas[settings.personas].variables
        fixed = _fixed(plan, condition, program)
        asker = ConversationBuilder(place, condition, questions, values, variables, fixed)
        scenarios = _scenarios(experiment, condition, chosen)
        for forms, about in _calls(program, questions, scenarios, values, variables):
            for repeat in range(settings.repeats):
                plan.conversations.append(asker.conversation(forms, about, repeat))
    return plan


def _program(plan: Plan, condition: Condition) -> Program:
    experiment, settings = plan.experiment, condition.settings
    if settings.program not in plan.programs:
        where = f"{experiment.place}: program"
        plan.programs[settings.program] = load_program(
            experiment.study, settings.program, where, settings.asks
        )
    program = plan.programs[settings.program]
    if settings.decoding == "letter" and settings.adapter == "chat":
        raise StudyError(
            f"{experiment.place}: decoding",
            'letters have probabilities where the answer is JSON: adapter "plain" or "json"',
        )
    if settings.decoding == "letter":
        _distinct_first_characters(program)
        _has_probabilities(experiment, settings.model)
    return program


def _questions(experiment: Experiment, condition: Condition, worded: Worded) -> Questions:
    settings = condition.settings
    which = settings.questions, settings.scenarios, settings.personas
    if which not in worded:
        where = f"{experiment.place}: questions"
        worded[which] = load_questions(experiment.study, settings.questions, where)
    questions = worded[which]
    if LEVEL in settings.asks and not questions.level:
        raise StudyError(
            f"signatures/{settings.questions}.toml: {LEVEL}",
            f'missing, and {experiment.place} asks for it: asks = ["{LEVEL}", ...]',
            f'write: [{LEVEL}], and under it: question = "Which fits you best: {{asks}}?"',
        )
    return questions


def _scenarios(experiment: Experiment, condition: Condition, chosen: Chosen) -> list[Scenario]:
    """The scenarios that a condition is asked about: those for its persona, within the limit."""
    settings = condition.settings
    who = condition.persona.name if condition.persona else None
    which = (settings.scenarios, settings.seed, settings.limit, who)
    if which not in chosen:
        mine = [one for one in experiment.scenarios[which[0]] if who is None or one.is_for(who)]
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
    identity = experiment.models[settings.model].identity(experiment.study)
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
                for one in [questions.ask(name, scenario, values, way)]
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


def _has_probabilities(experiment: Experiment, name: str) -> None:
    """StudyError for a server: its interface tells none from before the mask."""
    if experiment.models[name].engine == "server":
        raise StudyError(
            f"{experiment.place}: decoding",
            f'"letter" reads probabilities, which the engine "server" of {name} does not give',
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
