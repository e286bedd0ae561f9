"""Trials: every question an experiment asks, with its option order and the key that names it."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from .errors import StudyError, unknown
from .experiment import Condition, Experiment
from .model import PUBLISHED, Model, Sampling
from .program import Part, Program, load_program
from .scenario import Scenario, ValueInfo, load_values
from .study import Study


@dataclass(frozen=True)
class Question:
    """One of the two questions: its words, its options in their first order, their scores."""

    name: str
    text: str
    options: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One question to one model under one condition; the same key is the same trial."""

    key: str
    condition: int
    scenario: Scenario
    question: Question
    repeat: int
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The trials that one run of a program's module answers, and the inputs it is given."""

    part: Part
    inputs: dict[str, str]
    trials: tuple[Trial, ...]


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
    chosen: dict[tuple[str, int, int | None], list[Scenario]] = {}
    for place, condition in enumerate(experiment.conditions):
        settings = condition.settings
        if settings.program not in plan.programs:
            plan.programs[settings.program] = load_program(
                study, settings.program, f"{experiment.place}: program"
            )
        program = plan.programs[settings.program]
        wording = load_questions(study, settings.questions, f"{experiment.place}: questions")
        which = (settings.scenarios, settings.seed, settings.limit)
        if which not in chosen:
            chosen[which] = select(experiment.scenarios[settings.scenarios], *which[1:])
        fixed = _digest(
            experiment.models[settings.model].identity(study),
            program.hash,
            settings.adapter,
            settings.decoding,
            settings.backend if settings.decoding == "constrained" else "",
            plan.sampling(condition).model_dump_json(),
            settings.seed,
            condition.block,
        )
        constraints = [_digest(*(one.regex for one in part.languages)) for part in program.parts]
        for scenario in chosen[which]:
            for part, constraint in zip(program.parts, constraints, strict=True):
                asked = [wording.ask(name, scenario, values) for name in part.questions]
                _agree(part, asked, scenario, study)
                for repeat in range(settings.repeats):
                    plan.conversations.append(
                        _conversation(
                            place,
                            condition,
                            scenario,
                            part,
                            asked,
                            repeat,
                            fixed + constraint,
                            values,
                        )
                    )
    return plan


def _conversation(
    place: int,
    condition: Condition,
    scenario: Scenario,
    part: Part,
    asked: list[Question],
    repeat: int,
    fixed: str,
    values: dict[str, ValueInfo],
) -> Conversation:
    settings = condition.settings
    orders = [
        option_order(settings.order, settings.seed, scenario.id, one.name, len(one.options), repeat)
        for one in asked
    ]
    known = {
        "persona": condition.block,
        "scenario": scenario.text,
        "value": scenario.value,
        "definition": values[scenario.value].definition,
        "topic": scenario.topic,
    }
    for one, order in zip(asked, orders, strict=True):
        lead = f"{one.name}_" if len(asked) > 1 else ""
        known[f"{lead}question"] = one.text
        known[f"{lead}options"] = "\n".join(
            f"{letter}. {one.options[option]}"
            for letter, option in zip(part.answers[one.name], order, strict=True)
        )
    inputs = {name: known[name] for name in part.inputs}
    digest = _digest(fixed, repeat, *known.values())
    trials = tuple(
        Trial(_digest(digest, one.name), place, scenario, one, repeat, order)
        for one, order in zip(asked, orders, strict=True)
    )
    return Conversation(part, inputs, trials)


@dataclass(frozen=True)
class Wording:
    """The words of both questions, from a questions file."""

    value: str
    scale: tuple[str, ...]
    action: str

    def ask(self, name: str, scenario: Scenario, values: dict[str, ValueInfo]) -> Question:
        """A question about a scenario; the scale runs from 1 to -1, equally spaced."""
        template = self.value if name == "value" else self.action
        text = (
            template.replace("{value}", scenario.value)
            .replace("{definition}", values[scenario.value].definition)
            .replace("{topic}", scenario.topic)
        )
        if name == "action":
            options = tuple(option.text for option in scenario.options)
            return Question(name, text, options, tuple(scenario.scores()))
        last = len(self.scale) - 1
        return Question(name, text, self.scale, tuple(1 - 2 * k / last for k in range(last + 1)))


def load_questions(study: Study, name: str, where: str) -> Wording:
    """The wording of `signatures/NAME.toml`; StudyError names the key that is missing."""
    path = study.file("signatures", name, ".toml", where, "questions file")
    content = study.toml(path)
    known = {"value": ["question", "scale"], "action": ["question"]}
    for table, keys in known.items():
        for key in keys:
            if key not in content.get(table, {}):
                raise StudyError(f"{study.place(path)}: {table}.{key}", "missing")
        for odd in set(content[table]) - set(keys):
            raise unknown(f"{study.place(path)}: {table}", "key", odd, "the table has", keys)
    scale = content["value"]["scale"]
    if not isinstance(scale, list) or len(scale) < 2 or not all(isinstance(s, str) for s in scale):
        raise StudyError(f"{study.place(path)}: value.scale", "is no list of two labels or more")
    return Wording(content["value"]["question"], tuple(scale), content["action"]["question"])


def select(scenarios: list[Scenario], seed: int, limit: int | None) -> list[Scenario]:
    """The first `limit` scenarios of an order that the seed and each id alone decide."""
    if limit is None:
        return scenarios
    return sorted(scenarios, key=lambda one: _digest(seed, one.id))[:limit]


def option_order(
    how: str, seed: int, scenario: str, question: str, size: int, repeat: int
) -> tuple[int, ...]:
    """Which option stands at each place; decided by the arguments alone, on any machine.

    balanced: actions rotate through a base permutation, a scale runs forward and reversed in turn.
    shuffled: an independent permutation each time. fixed: as the file has them.
    """
    forward = tuple(range(size))
    if how == "fixed":
        return forward
    if how == "shuffled":
        return _permutation(size, seed, scenario, question, repeat)
    base = _permutation(size, seed, scenario, question)
    if question == "value":
        return forward if (base[0] < base[-1]) == (repeat % 2 == 0) else forward[::-1]
    turn = repeat % size
    return base[turn:] + base[:turn]


def _permutation(size: int, *decided_by: Any) -> tuple[int, ...]:
    order = list(range(size))
    Random(_digest(*decided_by)).shuffle(order)
    return tuple(order)


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()


def _agree(part: Part, asked: list[Question], scenario: Scenario, study: Study) -> None:
    for one in asked:
        letters = part.answers[one.name]
        if len(letters) != len(one.options):
            raise StudyError(
                part.place,
                f"its output field {one.name} has {len(letters)} answers, "
                f"and {scenario.id} has {len(one.options)} options",
                "give the signature as many answers as there are options",
            )


def experiment_path(study: Study, given: str) -> Path:
    """An experiment as a path, or by the name of its file in `experiments/`."""
    path = Path(given)
    if path.suffix != ".toml" and not path.exists():
        return study.root / "experiments" / f"{given}.toml"
    return path
