"""Trials: the questions of an experiment, the conversations that ask them, the plan of all."""

from dataclasses import dataclass, field

from ..constraints.adapter import PLAIN_SETTINGS, AdapterSettings
from ..study.models import Sampling, resolve_sampling
from ..study.questions import Question
from ..study.scenarios import Scenario
from .experiment import Experiment
from .programs import Part
from .settings import Condition

IDENTITY = 2
"""What a trial's key stands for, counted: 2 since it covers a program as loaded, what its files
read, adapter weights and clocks. Keys of another count are never the same trial."""


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
    adapter: AdapterSettings = PLAIN_SETTINGS


@dataclass
class Plan:
    """All conversations of an experiment, in the order that shares the longest prefixes."""

    experiment: Experiment
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
