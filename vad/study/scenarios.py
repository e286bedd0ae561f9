"""Scenarios: a dilemma for a value and a topic, its options with polarity and intensity."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import StudyError, unknown
from .loader import Study
from .personas import Persona, Personas
from .scale import equally_spaced

ENDS_OF_LINES = "\x85\u2028\u2029"
"""Those that JSON leaves as they are and `str.splitlines` cuts at."""

STRENGTH = {None: 0, "mild": 1, "moderate": 2, "strong": 3}

Place = Literal[
    "",
    "home",
    "outdoors",
    "school",
    "office",
    "shop",
    "workshop",
    "clinic",
    "civic",
    "gathering",
    "screen",
]
"""Ten classes of the place where a dilemma happens; empty where a file records none."""


class Option(BaseModel):
    """One action: which side of the value it is on, how far, its words and why it is there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    polarity: Literal["aligned", "opposed"]
    intensity: Literal["mild", "moderate", "strong"] | None = None
    text: str = Field(min_length=1)
    rationale: str = ""


class Scenario(BaseModel):
    """One row of a scenario file. An empty `text` is a bare choice between actions.

    persona: the one persona it is for; of the others it is not asked. Without options only its
    value question is. competing: the good that the opposed actions serve, a value of another type
    or a phrase. implausible_for: levels of a personas file, as "variable: level", whose holder
    cannot be in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    value: str
    topic: str
    setting: str = ""
    persona: str = ""
    text: str = ""
    competing: str = ""
    place: Place = ""
    implausible_for: tuple[Annotated[str, Field(pattern=r"^[^:]+: .+$")], ...] = ()
    options: tuple[Option, ...]

    def is_for(self, persona: str) -> bool:
        """Whether it is asked of a persona."""
        return self.persona in ("", persona)

    def can_meet(self, persona: Persona) -> bool:
        """Whether a persona has none of the levels that it is marked to be implausible for."""
        held = {f"{variable.key}: {level}" for variable, level in persona.items()}
        return held.isdisjoint(self.implausible_for)

    def scores(self) -> list[float]:
        """Each option's score, in the order of the file, on [-1, 1].

        Options are ranked from strongly aligned to strongly opposed and spaced equally: six give
        1, .6, .2, -.2, -.6, -1; two give 1, -1.
        """
        ranked = sorted(
            range(len(self.options)), key=lambda place: -self._signed(self.options[place])
        )
        scores = [0.0] * len(ranked)
        for rank, place in enumerate(ranked):
            scores[place] = equally_spaced(rank, len(ranked))
        return scores

    def fault(self) -> str | None:
        """Why the options make no scale, or None: both sides the same intensities, none twice."""
        if not self.options:
            return None
        sides = {
            side: sorted(
                STRENGTH[option.intensity] for option in self.options if option.polarity == side
            )
            for side in ("aligned", "opposed")
        }
        if not sides["aligned"] or not sides["opposed"]:
            missing = "aligned" if not sides["aligned"] else "opposed"
            return f"no {missing} action; a dilemma needs actions on both sides of its value"
        for side, other in (("aligned", "opposed"), ("opposed", "aligned")):
            lacking = set(sides[other]) - set(sides[side])
            if lacking:
                names = {number: name for name, number in STRENGTH.items()}
                level = names[min(lacking)] or "plain"
                return f"missing action: {side} {level}; the {other} side has it"
            if len(set(sides[side])) < len(sides[side]):
                return f"two {side} actions of one intensity"
        if 0 in sides["aligned"] and len(sides["aligned"]) > 1:
            return "an action without intensity beside others with one"
        return None

    @staticmethod
    def _signed(option: Option) -> float:
        strength = STRENGTH[option.intensity] or 1
        return strength if option.polarity == "aligned" else -strength


@dataclass(frozen=True)
class ValueInfo:
    """A value's definition and its place in Schwartz's circle."""

    definition: str
    type: str = ""
    group: str = ""


def load_values(study: Study) -> dict[str, ValueInfo]:
    """The values of `scenarios/values.toml`, in its order."""
    return {name: ValueInfo(**table) for name, table in _tables(study, "values", ValueInfo).items()}


def load_topics(study: Study) -> dict[str, str]:
    """The topics of `scenarios/topics.toml` with their definitions, in its order."""
    return {name: table["definition"] for name, table in _tables(study, "topics", None).items()}


def load_scenarios(study: Study, name: str, where: str) -> list[Scenario]:
    """The scenarios of `scenarios/NAME.jsonl`, in its order.

    Raises StudyError with file and line for broken JSON, an unknown or missing key, a value or
    topic that is not defined, a missing action and an id used twice.
    """
    return read_scenarios(study, study.file("scenarios", name, ".jsonl", where, "scenario file"))


def check_marks(scenarios: list[Scenario], people: Personas, where: str) -> None:
    """StudyError where `implausible_for` names what the personas of the file `where` don't have."""
    levels = {
        variable.key: [level.name for level in variable.levels] for variable in people.variables
    }
    for one in scenarios:
        for mark in one.implausible_for:
            key, _, level = mark.partition(": ")
            place = f"{one.id}: implausible_for"
            if key not in levels:
                raise unknown(place, "variable", key, f"{where} has", levels)
            if level not in levels[key]:
                raise unknown(place, "level", level, f"{key} has", levels[key])


def read_scenarios(study: Study, path: Path) -> list[Scenario]:
    """The scenarios of any JSON Lines file, held to the study's values and topics."""
    values, topics = load_values(study), load_topics(study)
    found: dict[str, int] = {}
    scenarios = []
    for number, line in enumerate(lines_of(study.read(path)), 1):
        if not line.strip():
            continue
        place = f"{study.place(path)}: line {number}"
        scenario = parse_scenario(line, place)
        if scenario.id in found:
            raise StudyError(
                place, f'the id "{scenario.id}" stands in line {found[scenario.id]} already'
            )
        if scenario.value not in values:
            raise unknown(place, "value", scenario.value, "scenarios/values.toml has", values)
        if scenario.topic not in topics:
            raise unknown(place, "topic", scenario.topic, "scenarios/topics.toml has", topics)
        _competes(place, scenario, values)
        found[scenario.id] = number
        scenarios.append(scenario)
    if not scenarios:
        raise StudyError(study.place(path), "holds no scenario; write one JSON object a line")
    return scenarios


def lines_of(text: str) -> list[str]:
    """The lines of a JSON Lines file: they end at a line feed alone. A text may hold other ends of
    lines (U+2028, U+0085), at which `splitlines` would cut it in two."""
    return text.replace("\ufeff", "").split("\n")


def line_of(scenario: Scenario, exclude_defaults: bool = False) -> str:
    """A scenario as a line of a file, which also readers that split at U+2028 find whole."""
    line = scenario.model_dump_json(exclude_defaults=exclude_defaults)
    for end in ENDS_OF_LINES:
        line = line.replace(end, f"\\u{ord(end):04x}")
    return line + "\n"


def _competes(place: str, scenario: Scenario, values: dict[str, ValueInfo]) -> None:
    """StudyError where the competing good is a value of the focal type, or a value misspelt."""
    good, focal = scenario.competing, values[scenario.value]
    if good in values and values[good].type == focal.type:
        raise StudyError(
            f"{place}: competing",
            f'found "{good}", which is of the type {focal.type}, as {scenario.value} itself is',
            "name a value of another type that the opposed actions serve, or say it in a phrase",
        )
    meant = [name for name in values if name.lower() == good.lower() and name != good]
    if meant:
        raise StudyError(f"{place}: competing", f'found "{good}"', f'did you mean "{meant[0]}"?')


def parse_scenario(line: str, place: str) -> Scenario:
    """One line of a scenario file; StudyError names the line, the key and what was found."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise StudyError(
            place, f"is not JSON, perhaps cut off: {error}", f"it ends: ...{line[-40:]}"
        ) from None
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            raise unknown(place, "key", key, "a scenario has", Scenario.model_fields) from None
        raise StudyError(
            place, f"{key}: {first['msg']}, found {str(first['input'])[:60]!r}"
        ) from None
    fault = scenario.fault()
    if fault:
        raise StudyError(place, f"{scenario.id}: {fault}")
    return scenario


def _tables(study: Study, name: str, kind: type | None) -> dict[str, dict[str, str]]:
    path = study.root / "scenarios" / f"{name}.toml"
    tables = study.toml(path)
    keys = list(kind.__dataclass_fields__) if kind else ["definition"]  # type: ignore[attr-defined]
    for key, table in tables.items():
        place = f"{study.place(path)}: {key}"
        if not isinstance(table, dict) or not isinstance(table.get("definition"), str):
            raise StudyError(place, 'has no definition; write definition = "..."')
        for odd in set(table) - set(keys):
            raise unknown(place, "key", odd, "an entry has", keys)
    return tables
