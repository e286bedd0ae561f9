"""Wording: how the questions are asked, from a questions file; one or several ways for each."""

from dataclasses import dataclass, field
from typing import Any

from ..errors import StudyError, unknown
from .loader import Study
from .personas import Variable
from .scale import equally_spaced
from .scenarios import Scenario, ValueInfo

QUESTIONS = ("value", "action")
COMPETING = "competing"
"""The question how far the competing good is endorsed; no gap is made of its answers."""
LEVEL = "level"
"""The question that asks a persona its own variables back; no gap is made of its answers."""

KEYS = {
    "value": ("question", "scale", "item", "defined"),
    "action": ("question", "item"),
    COMPETING: ("question", "scale", "item", "defined"),
    LEVEL: ("question",),
}
NEEDED_KEYS = {
    "value": ("question", "scale"),
    "action": ("question",),
    COMPETING: ("question", "scale"),
    LEVEL: ("question",),
}
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
    """One way to ask a question; {value}, {definition}, {competing} and {topic} stand for the
    scenario's, {variable} and {asks} for those of a persona's variable.

    defined: the sentence after the question where an experiment sets `definition = true`.
    """

    question: str
    scale: tuple[str, ...] = ()
    item: str = ITEM
    defined: str = ""


@dataclass(frozen=True)
class Questions:
    """The ways in which each question is asked; the repeats take them in turn.

    One for each scenario and personas file, as what was asked is known again by a scenario's id or
    by a variable's key.
    """

    value: tuple[Wording, ...]
    action: tuple[Wording, ...]
    competing: tuple[Wording, ...]
    level: tuple[Wording, ...]
    _asked: dict[tuple[str, str, int, bool], Question] = field(default_factory=dict, repr=False)

    def ways(self, name: str) -> tuple[Wording, ...]:
        """The ways to ask the question of that name."""
        ways: tuple[Wording, ...] = getattr(self, name)
        return ways

    def ask(
        self,
        name: str,
        scenario: Scenario,
        values: dict[str, ValueInfo],
        way: int = 0,
        defined: bool = False,
    ) -> Question:
        """A question about a scenario; the scale runs from 1 to -1, equally spaced.

        defined: the value asked about comes with its definition; a phrase has none.
        """
        key = name, scenario.id, way, defined
        if key not in self._asked:
            self._asked[key] = self._ask(name, scenario, values, way, defined)
        return self._asked[key]

    def ask_level(self, variable: Variable, way: int = 0) -> Question:
        """A variable of the personas as a question: its levels are the options, their positions
        on the variable, from -1 to 1, the scores."""
        key = LEVEL, variable.key, way, False
        if key not in self._asked:
            text = self.level[way].question.replace("{variable}", variable.name)
            levels = tuple(level.name for level in variable.levels)
            scores = tuple(variable.position(level) for level in levels)
            self._asked[key] = Question(
                LEVEL, text.replace("{asks}", variable.asks), levels, scores
            )
        return self._asked[key]

    def _ask(
        self, name: str, scenario: Scenario, values: dict[str, ValueInfo], way: int, defined: bool
    ) -> Question:
        wording = self.ways(name)[way]
        good = scenario.competing if name == COMPETING else scenario.value

        def filled(text: str) -> str:
            return (
                text.replace("{value}", scenario.value)
                .replace("{competing}", scenario.competing)
                .replace("{definition}", values[good].definition if good in values else "")
                .replace("{topic}", scenario.topic)
            )

        text, item = filled(wording.question), filled(wording.item)
        if defined and good in values:
            text = f"{text} {filled(wording.defined)}".strip()
        if name == "action":
            options = tuple(option.text for option in scenario.options)
            return Question(name, text, options, tuple(scenario.scores()), item)
        count = len(wording.scale)
        scores = tuple(equally_spaced(place, count) for place in range(count))
        return Question(name, text, wording.scale, scores, item)


def load_questions(study: Study, name: str, where: str) -> Questions:
    """The questions of `signatures/NAME.toml`: [value] and [action], or [[value]] for each way.

    [competing] asks about the competing good, [level] a persona's own variables back; only who asks
    that needs it.

    Raises StudyError with the key that is missing, unknown or of the wrong kind.
    """
    path = study.file("signatures", name, ".toml", where, "questions file")
    content = study.toml(path)
    ways: dict[str, tuple[Wording, ...]] = {}
    for question in KEYS:
        if question in (COMPETING, LEVEL) and question not in content:
            ways[question] = ()
            continue
        found = content.get(question, {})
        tables = found if isinstance(found, list) and found else [found]
        several = len(tables) > 1
        ways[question] = tuple(
            _wording(f"{study.place(path)}: {question}{f'[{n}]' if several else ''}", one, question)
            for n, one in enumerate(tables)
        )
    return Questions(**ways)  # type: ignore[arg-type]


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
