"""Trials: every question an experiment asks, with its option order and the key that names it."""

from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

from .errors import StudyError
from .experiment import Condition, Experiment
from .layout import LEVEL
from .manner import PLAIN, Manner
from .model import PUBLISHED, Model, Sampling
from .order import digest, option_order, select
from .persona import Variable
from .program import Part, Program, load_program
from .scenario import Scenario, ValueInfo, load_values
from .study import Study
from .wording import Question, Questions, load_questions


@dataclass(frozen=True, slots=True)
class Trial:
    """One question to one model under one condition; the same key is the same trial.

    item: the name its answer stands under where one call answers many trials.
    """

    key: str
    condition: int
    scenario: Scenario
    question: Question
    repeat: int
    order: tuple[int, ...]
    item: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The trials that one run of a program's module answers, and the inputs it is given."""

    part: Part
    inputs: dict[str, str]
    trials: tuple[Trial, ...]
    manner: Manner = PLAIN


@dataclass
class Plan:
    """All conversations of an experiment, in the order that shares the longest prefixes."""

    experiment: Experiment
    programs: dict[str, Program]
    conversations: list[Conversation] = field(default_factory=list)

    @property
    def trials(self) -> list[Trial]:
        """All trials, a row of the responses each."""
        return [trial for one in self.conversations for trial in one.trials]

    def condition(self, trial: Trial) -> Condition:
        """The condition that a trial belongs to."""
        return self.experiment.conditions[trial.condition]

    def sampling(self, condition: Condition) -> Sampling:
        """The sampling settings in force: the experiment's, else the profile's, else published."""
        return resolve_sampling(
            condition.settings.sampling(), self.experiment.models[condition.settings.model]
        )


def resolve_sampling(own: Sampling, model: Model) -> Sampling:
    """Each setting from the experiment's own, else from the model's profile, else as published."""
    resolved = PUBLISHED.model_dump()
    for source in (model.sampling, own):
        resolved |= source.model_dump(exclude_none=True)
    return Sampling(**resolved)


def make_plan(experiment: Experiment) -> Plan:
    """Every trial of an experiment: condition x scenario x question x repeat.

    Raises StudyError where a program, a question file and a scenario disagree.
    """
    study = experiment.study
    values = load_values(study)
    plan = Plan(experiment, {})
    chosen: dict[tuple[str, int, int | None, str | None], list[Scenario]] = {}
    worded: dict[tuple[str, str, str], Questions] = {}
    for place, condition in enumerate(experiment.conditions):
        settings = condition.settings
        if settings.program not in plan.programs:
            plan.programs[settings.program] = load_program(
                study, settings.program, f"{experiment.place}: program", settings.asks
            )
        program = plan.programs[settings.program]
        if settings.decoding == "letter" and settings.adapter == "chat":
            raise StudyError(
                f"{experiment.place}: decoding",
                'letters are weighed where the answer is JSON: adapter "plain" or "json"',
            )
        if settings.decoding == "letter":
            _weighable(program)
            _has_probabilities(experiment, settings.model)
        wording = settings.questions, settings.scenarios, settings.personas
        if wording not in worded:
            worded[wording] = load_questions(
                study, settings.questions, f"{experiment.place}: questions"
            )
        questions = worded[wording]
        if LEVEL in settings.asks and not questions.level:
            raise StudyError(
                f"signatures/{settings.questions}.toml: {LEVEL}",
                f'missing, and {experiment.place} asks for it: asks = ["{LEVEL}", ...]',
                f'write: [{LEVEL}], and under it: question = "Which fits you best: {{asks}}?"',
            )
        who = condition.persona.name if condition.persona else None
        which = (settings.scenarios, settings.seed, settings.limit, who)
        if which not in chosen:
            mine = [one for one in experiment.scenarios[which[0]] if who is None or one.is_for(who)]
            if not mine:
                raise StudyError(
                    f"scenarios/{which[0]}.jsonl", f'has no scenario for the persona "{who}"'
                )
            chosen[which] = select(mine, settings.seed, settings.limit)
        identity = experiment.models[settings.model].identity(study)
        decided = (
            settings.adapter,
            settings.decoding,
            settings.backend if settings.decoding != "free" else "",
            plan.sampling(condition).model_dump_json(),
            settings.seed,
            condition.block,
            settings.persona_turn if condition.block else "",
        )
        fixed = {
            part.hash: digest(identity, part.hash, *decided)
            for forms in program.parts
            for part in forms
        }
        variables = experiment.personas[settings.personas].variables
        asker = _Asker(place, condition, questions, values, variables, fixed)
        calls = _calls(program, questions, chosen[which], values)
        calls += [
            (forms, [Scenario(id=variable.key, value="", topic="", options=())])
            for forms in program.parts
            if forms[0].questions == (LEVEL,)
            for variable in variables
        ]
        for forms, scenarios in calls:
            for repeat in range(settings.repeats):
                plan.conversations.append(asker.conversation(forms, scenarios, repeat))
    return plan


def _calls(
    program: Program,
    questions: Questions,
    scenarios: list[Scenario],
    values: dict[str, ValueInfo],
) -> list[tuple[tuple[Part, ...], list[Scenario]]]:
    """Which scenarios each part is asked about in one call, at the place of the first of them.

    One, or, where a part answers for many, all that its inputs tell the same of: question, options
    and what else it takes of the scenario. A scenario without actions has no action question.
    """
    groups: dict[tuple[Any, ...], list[Scenario]] = {}
    calls: list[tuple[tuple[Part, ...], list[Scenario]]] = []
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
            told = _told(scenario, values)
            taken = {name: told[name] for form in forms for name in form.inputs if name in told}
            group = groups.setdefault((number, *asked, *sorted(taken.items())), [])
            if not group:
                calls.append((forms, group))
            group.append(scenario)
    return calls


def _told(scenario: Scenario, values: dict[str, ValueInfo]) -> dict[str, str]:
    """The inputs that tell of the scenario alone."""
    return {
        "scenario": scenario.text,
        "value": scenario.value,
        "definition": values[scenario.value].definition if scenario.value else "",
        "topic": scenario.topic,
    }


@dataclass(frozen=True)
class _Asker:
    """One condition's way to put a question: all that its conversations share.

    The repeats take first each form of the program, then each wording, then the next option order,
    so that as many repeats as there are combinations cross all three.
    """

    place: int
    condition: Condition
    questions: Questions
    values: dict[str, ValueInfo]
    variables: tuple[Variable, ...]
    fixed: dict[str, str]

    def conversation(
        self, forms: tuple[Part, ...], scenarios: list[Scenario], repeat: int
    ) -> Conversation:
        """The trials of one call about these scenarios, and the inputs that ask it."""
        part = forms[repeat % len(forms)]
        first = scenarios[0]
        known = {"persona": self.condition.block, **_told(first, self.values)}
        asked: list[list[Question]] = []
        orders = []
        for name in part.questions:
            ways = len(self.questions.ways(name))
            way = repeat // len(forms) % ways
            each = [self._ask(name, one, way) for one in scenarios]
            order = self._order(part, scenarios, each[0], repeat, repeat // len(forms) // ways)
            _agree(part, each[0], first)
            asked.append(each)
            orders.append(order)
            lead = f"{name}_" if len(part.questions) > 1 else ""
            known[f"{lead}question"] = each[0].text
            known[f"{lead}options"] = "\n".join(
                f"{answer}. {each[0].options[option]}"
                for answer, option in zip(part.answers[name], order, strict=name != LEVEL)
            )
            if "items" in part.inputs:
                known["items"] = "\n".join(one.item for one in each)
        items: tuple[str, ...] = ()
        if part.many:
            items = _item_names(part, scenarios)
            part = part.among(items)
            known = {name: known[name] for name in part.inputs}
        common = digest(self.fixed[part.hash] + part.constraint, repeat, *known.values())
        trials = tuple(
            Trial(
                digest(common, one.name, *items[n : n + 1]),
                self.place,
                scenario,
                one,
                repeat,
                order,
                *items[n : n + 1],
            )
            for each, order in zip(asked, orders, strict=True)
            for n, (one, scenario) in enumerate(zip(each, scenarios, strict=True))
        )
        turn = self.condition.settings.persona_turn if self.condition.block else "user"
        fewer = ((LEVEL, len(orders[0])),) if part.questions == (LEVEL,) else ()
        manner = Manner(self.condition.settings.adapter, turn, fewer)
        # A block of text stands in many conversations: it is held once, and tokenised once.
        inputs = {name: intern(known[name]) for name in part.inputs}
        return Conversation(part, inputs, trials, manner)

    def _ask(self, name: str, scenario: Scenario, way: int) -> Question:
        if name != LEVEL:
            return self.questions.ask(name, scenario, self.values, way)
        variable = next(one for one in self.variables if one.key == scenario.id)
        return self.questions.ask_level(variable, way)

    def _order(
        self, part: Part, scenarios: list[Scenario], question: Question, repeat: int, turn: int
    ) -> tuple[int, ...]:
        """One order for all of a call; where it asks about many, the topic stands for their ids."""
        settings = self.condition.settings
        topics = ", ".join(dict.fromkeys(one.topic for one in scenarios))
        return option_order(
            settings.order,
            settings.seed,
            topics if part.many else scenarios[0].id,
            question.name,
            len(question.options),
            repeat if settings.order == "shuffled" else turn,
        )


def _has_probabilities(experiment: Experiment, name: str) -> None:
    """StudyError for a server: its interface tells none from before the mask."""
    if experiment.models[name].engine == "server":
        raise StudyError(
            f"{experiment.place}: decoding",
            f'"letter" reads probabilities, which the engine "server" of {name} does not give',
            'write: decoding = ["free", "constrained"], or ask it with the engine "vllm"',
        )


def _weighable(program: Program) -> None:
    """Refuse what weigh.py cannot tell apart by the next token."""
    for part in (part for forms in program.parts for part in forms):
        for name, answers in part.answers.items():
            if len({str(one)[:1] for one in answers}) < len(answers):
                raise StudyError(
                    part.place,
                    f'decoding = "letter" needs options of {name} that differ in their first '
                    f"character; found {', '.join(map(str, answers))}",
                    'let the signature answer in letters: Literal["A", "B", ...]',
                )


def _agree(part: Part, question: Question, scenario: Scenario) -> None:
    """StudyError where a signature has not the answers that a question needs.

    Variables differ in their number of levels: of its answers a signature then offers the first.
    """
    answers = part.answers[question.name]
    if question.name == LEVEL and len(answers) > len(question.options):
        return
    if len(answers) != len(question.options):
        raise StudyError(
            part.place,
            f"its output field {question.name} has {len(answers)} answers, "
            f"and {scenario.id} has {len(question.options)} options",
            "give the signature as many answers as there are options",
        )


def _item_names(part: Part, scenarios: list[Scenario]) -> tuple[str, ...]:
    """What each scenario of a call is called in its answer: its value."""
    names: dict[str, str] = {}
    for one in scenarios:
        if one.value in names:
            raise StudyError(
                part.place,
                f'one call would ask twice about "{one.value}": {names[one.value]} and {one.id}',
                "let its signature or question take what tells them apart: topic or scenario",
            )
        names[one.value] = one.id
    return tuple(names)


def experiment_path(study: Study, given: str) -> Path:
    """An experiment as a path, or by the name of its file in `experiments/`."""
    path = Path(given)
    if path.suffix != ".toml" and not path.exists():
        return study.root / "experiments" / f"{given}.toml"
    return path
