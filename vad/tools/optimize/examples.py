"""Cases: what an optimiser is given as examples, and what of a plan is kept from it.

A case is one condition and one scenario, or as many as the objective takes together: all of the
conversations that a run would hold about them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dspy

from ...design.settings import Condition
from ...design.trials import Conversation, Plan
from ...errors import StudyError
from ...study.hashing import digest
from ...study.questions import LEVEL
from ...study.scenarios import Scenario, load_topics
from .objective import Objective
from .split import ScenarioPart, split

NEXT = "ask about more scenarios: a higher limit, or fewer names under [only]"


@dataclass(frozen=True)
class Example:
    """One condition and the scenarios asked about together; `unit` is what they are called."""

    name: str
    unit: str
    condition: Condition
    conversations: tuple[Conversation, ...]

    def example(self) -> dspy.Example:
        """As DSPy's optimisers take it."""
        texts = dict.fromkeys(one.inputs.get("scenario", "") for one in self.conversations)
        told = {"persona": self.condition.block, "scenario": "\n\n".join(filter(None, texts))}
        return dspy.Example(case=self.name, **told).with_inputs("case", "persona", "scenario")

    def texts(self) -> set[str]:
        """What tells its scenarios in a prompt; of a persona's variable, its question."""
        found = (one.inputs.get("scenario") or one.inputs["question"] for one in self.conversations)
        return {text for text in found if text}


def one_of_each(plan: Plan) -> None:
    """StudyError for several models or programs, and for what no one saved state can hold."""
    experiment = plan.experiment
    for kind, names in (("model", [*experiment.models]), ("program", [*plan.experiment.programs])):
        if len(names) > 1:
            raise StudyError(
                f"{experiment.place}: vary.{kind}",
                f"an optimised program is one program's on one model; found {', '.join(names)}",
                f"name one: --{kind} {names[0]}",
            )
    for forms in next(iter(plan.experiment.programs.values())).parts:
        if len(forms) > 1 or forms[0].many:
            how = "has several forms" if len(forms) > 1 else "answers for many items in one call"
            raise StudyError(
                forms[0].place, f"{how}; what is optimised is one module, asked one by one"
            )


def make_examples(plan: Plan, objective: Objective) -> dict[ScenarioPart, list[Example]]:
    """The cases of each part, in an order that the seed decides.

    Of personas asked their own variables back, the baseline has none. Raises StudyError for a
    program whose state cannot be one module's, and where a part is left without a case.
    """
    experiment = plan.experiment
    seed = experiment.base.seed
    topics = [*load_topics(experiment.study)]
    held: dict[int, dict[str, list[Conversation]]] = {}
    known: dict[int, dict[str, Scenario]] = {}
    for one in plan.conversations:
        trial = one.trials[0]
        if objective.asks == (LEVEL,) and not plan.condition(trial).persona:
            continue
        held.setdefault(trial.condition, {}).setdefault(trial.scenario.id, []).append(one)
        known.setdefault(trial.condition, {})[trial.scenario.id] = trial.scenario
    cases: dict[ScenarioPart, list[Example]] = {"train": [], "validation": [], "test": []}
    for place, conversations in held.items():
        for part, mine in split(known[place].values(), topics, seed).items():
            for some in _together(mine, objective.together, seed):
                unit = " ".join(one.id for one in some)
                asked = tuple(each for one in some for each in conversations[one.id])
                condition = experiment.conditions[place]
                cases[part].append(Example(f"{place} {unit}", unit, condition, asked))
    for part, found in cases.items():
        if not found:
            raise StudyError(
                experiment.place,
                f"leaves no example for the {part} part; {objective.name} takes scenarios by "
                f"{objective.together}, a quarter of them each for validation and test",
                NEXT,
            )
        found.sort(key=lambda one: digest(seed, one.name))
    return cases


def _together(scenarios: Sequence[Scenario], count: int, seed: int) -> Iterator[list[Scenario]]:
    """Scenarios by so many, in an order that the seed decides; fewer that are left are left out."""
    ordered = sorted(scenarios, key=lambda one: digest(seed, one.id))
    for start in range(0, len(ordered) - count + 1, count):
        yield ordered[start : start + count]
