"""Wording: how the questions are asked, from a questions file; one or several ways for each."""

from dataclasses import dataclass, field
from typing import Any

from ..errors import StudyError, unknown
from .loader import Study
from .personas import Variable
from .scale import equally_spaced
from .scenarios import Scenario, ValueInfo

QUESTIONS = ("value", "action")
LEVEL = "level"
"""The question that asks a persona its own variables back; no gap is made of its answers."""

KEYS = {
    "value": ("question", "scale", "item"),
    "action": ("question", "item"),
    LEVEL: ("question",),
}
NEEDED_KEYS = {"value": ("question", "scale"), "action": ("question",), LEVEL: ("question",)}
ITEM = "{value}: {definition}"


@dataclass(frozen=True)
class Question:
    """One question: its words, its options in their first order, their scores.

    item: the scenario's line where one call asks about many.
    """

    name: str
    text: str
    options: tuple[str, ...]
    scores: tuple[float, ...]
    item: str = ""


@dataclass(frozen=True)
class Wording:
    """One way to ask a question; {value}, {definition} and {topic} stand for the scenario's,
    {variable} and {asks} for those of a persona's variable."""

    question: str
    scale: tuple[str, ...] = ()
    item: str = ITEM


@dataclass(frozen=True)
class Questions:
    """The ways in which each question is asked; the repeats take them in turn.

    One for each scenario and personas file, as what was asked is known again by a scenario's id or
    by a variable's key.
    """

    value: tuple[Wording, ...]
    action: tuple[Wording, ...]
    level: tuple[Wording, ...]
    _asked: dict[tuple[str, str, int], Question] = field(default_factory=dict, repr=False)

    def ways(self, name: str) -> tuple[Wording, ...]:
        """The ways to ask the question of that name."""
        return {"value": self.value, "action": self.action, LEVEL: self.level}[name]

    def ask(
        self, name: str, scenario: Scenario, values: dict[str, ValueInfo], way: int = 0
    ) -> Question:
        """A question about a scenario; the scale runs from 1 to -1, equally spaced."""
        key = name, scenario.id, way
        if key not in self._asked:
            self._asked[key] = self._ask(name, scenario, values, way)
        return self._asked[key]

    def ask_level(self, variable: Variable, way: int = 0) -> Question:
        """A variable of the personas as a question: its levels are the options, their positions
        on the variable, from -1 to 1, the scores."""
        key = LEVEL, variable.key, way
        if key not in self._asked:
            text = self.level[way].question.replace("{variable}", variable.name)
            levels = tuple(level.name for level in variable.levels)
            scores = tuple(variable.position(level) for level in levels)
            self._asked[key] = Question(
                LEVEL, text.replace("{asks}", variable.asks), levels, scores
            )
        return self._asked[key]

    def _ask(
        self, name: str, scenario: Scenario, values: dict[str, ValueInfo], way: int
    ) -> Question:
        wording = self.ways(name)[way]

        def filled(text: str) -> str:
            return (
                text.replace("{value}", scenario.value)
                .replace("{definition}", values[scenario.value].definition)
                .replace("{topic}", scenario.topic)
            )

        text, item = filled(wording.question), filled(wording.item)
        if name == "action":
            options = tuple(option.text for option in scenario.options)
            return Question(name, text, options, tuple(scenario.scores()), item)
        count = len(wording.scale)
        scores = tuple(equally_spaced(place, count) for place in range(count))
        return Question(name, text, wording.scale, scores, item)


def load_questions(study: Study, name: str, where: str) -> Questions:
    """The questions of `signatures/NAME.toml`: [value] and [action], or [[value]] for each way.

    [level] asks a persona's own variables back; only who asks that needs it.

    Raises StudyError with the key that is missing, unknown or of the wrong kind.
    """
    path = study.file("signatures", name, ".toml", where, "questions file")
    content = study.toml(path)
    ways: dict[str, tuple[Wording, ...]] = {}
    for question in KEYS:
        if question == LEVEL and LEVEL not in content:
            ways[LEVEL] = ()
            continue
        found = content.get(question, {})
        tables = found if isinstance(found, list) and found else [found]
        several = len(tables) > 1
        ways[question] = tuple(
            _wording(f"{study.place(path)}: {question}{f'[{n}]' if several else ''}", one, question)
            for n, one in enumerate(tables)
        )
    return Questions(ways["value"], ways["action"], ways[LEVEL])


def _wording(where: str, table: Any, question: str) -> Wording:
    if not isinstance(table, dict):
        raise StudyError(where, f"found {table!r:.60}; write a table: [{question}]")
    for key in NEEDED_KEYS[question]:
        if key not in table:
            raise StudyError(f"{where}.{key}", "missing")
    for key, given in table.items():
        if key not in KEYS[question]:
            raise unknown(where, "key", key, "the table has", KEYS[question])
        if key != "scale" and not isinstance(given, str):
            raise StudyError(f"{where}.{key}", f"found {given!r:.60}; write a text")
    scale = table.get("scale", ["", ""])
    if not isinstance(scale, list) or len(scale) < 2 or not all(isinstance(s, str) for s in scale):
        raise StudyError(f"{where}.scale", "is no list of two labels or more")
    return Wording(**(table | ({"scale": tuple(scale)} if "scale" in table else {})))
