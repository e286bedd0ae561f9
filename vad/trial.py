"""Trials: the questions of an experiment, the conversations that ask them, the plan of all."""

from dataclasses import dataclass, field

from .experiment import Experiment
from .manner import PLAIN, Manner
from .model import PUBLISHED, Model, Sampling
from .program import Part, Program
from .scenario import Scenario
from .settings import Condition
from .wording import Question


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
