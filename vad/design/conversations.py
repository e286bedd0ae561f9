"""Conversations: how a condition puts its questions, in which order, and each trial's key."""

from dataclasses import dataclass
from sys import intern

from ..constraints.adapter import AdapterSettings
from ..constraints.choices import choice_text
from ..errors import StudyError
from ..study.hashing import digest
from ..study.personas import Variable
from ..study.questions import LEVEL, Question, Questions
from ..study.scenarios import Scenario, ValueInfo
from .option_orders import option_order
from .programs import Part
from .settings import Condition
from .trials import Conversation, Trial


@dataclass(frozen=True)
class ConversationBuilder:
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
        known = {"persona": self.condition.block, **scenario_inputs(first, self.values)}
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
                f"{choice_text(answer)}. {each[0].options[option]}"
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
        adapter = AdapterSettings(self.condition.settings.adapter, turn, fewer)
        # A block of text stands in many conversations: it is held once, and tokenised once.
        inputs = {name: intern(known[name]) for name in part.inputs}
        return Conversation(part, inputs, trials, adapter)

    def _ask(self, name: str, scenario: Scenario, way: int) -> Question:
        if name != LEVEL:
            defined = self.condition.settings.definition
            return self.questions.ask(name, scenario, self.values, way, defined)
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


def scenario_inputs(scenario: Scenario, values: dict[str, ValueInfo]) -> dict[str, str]:
    """The inputs that tell of the scenario alone."""
    return {
        "scenario": scenario.text,
        "value": scenario.value,
        "definition": values[scenario.value].definition if scenario.value else "",
        "topic": scenario.topic,
    }


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
