"""Personas: who is asked, as levels of variables, and where that puts them on the cultural map."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import StudyError, unknown
from .loader import Study
from .scale import equally_spaced

BASELINE = "baseline"
"""The name, where personas are named, of a condition that shows none; no persona bears it."""


def level_position(place: int, count: int) -> float:
    """Where one of so many levels stands, -1 for the first to 1; one alone stands at 0."""
    return 0.0 - equally_spaced(place, count) if count > 1 else 0.0


class Level(BaseModel):
    """One level of a variable: its name, and how the formats may word it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    numbers: str = ""
    statement: str = ""


class Variable(BaseModel):
    """One thing a persona holds. Levels run from the traditional or survival end to the other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    asks: str = ""
    axis: str = ""
    levels: tuple[Level, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        """Its key in the file, as words: child_rearing_value -> child rearing value."""
        return self.key.replace("_", " ")

    def statement(self, level: str) -> str:
        """The first-person sentence of a level."""
        return self._worded(level, "statement")

    def numbers(self, level: str) -> str:
        """The range a level covers on the 1-10 scale, as "4-7"."""
        return self._worded(level, "numbers")

    def position(self, level: str) -> float:
        """Where a level stands between the variable's ends, on [-1, 1], equally spaced."""
        return level_position(self.index(level), len(self.levels))

    def index(self, level: str) -> int:
        """Where a level stands among the variable's own, from 0."""
        return [known.name for known in self.levels].index(level)

    def _worded(self, level: str, what: str) -> str:
        text: str = getattr(self.levels[self.index(level)], what)
        if not text:
            raise StudyError(f"variable {self.name}", f'its level "{level}" has no {what}')
        return text


@dataclass(frozen=True)
class Persona:
    """A name, a category, and one level for each variable, in the order of the file.

    axes: those that the variables of its file lie on, whichever of them it is shown with.
    """

    name: str
    category: str
    beliefs: tuple[tuple[Variable, str], ...]
    axes: tuple[str, ...] = ()

    def items(self) -> Iterator[tuple[Variable, str]]:
        """Each variable with the persona's level of it."""
        return iter(self.beliefs)

    def only(self, keys: Iterable[str]) -> "Persona":
        """The same persona with these variables alone, in this order."""
        beliefs = {variable.key: (variable, level) for variable, level in self.beliefs}
        return replace(self, beliefs=tuple(beliefs[key] for key in keys))

    def place(self) -> dict[str, float]:
        """The mean position on each axis, on [-1, 1]; a place in this design, no survey point."""
        return {axis: sum(on) / len(on) for axis, on in self._axes().items()}

    def opposition(self) -> dict[str, float]:
        """How far the beliefs on each axis oppose one another, on [0, 1].

        mean |position| - |mean position|: 0 when all point one way or stand in the middle, 1 when
        they stand at both ends in equal number.
        """
        return {
            axis: sum(map(abs, on)) / len(on) - abs(sum(on)) / len(on)
            for axis, on in self._axes().items()
        }

    def _axes(self) -> dict[str, list[float]]:
        axes: dict[str, list[float]] = {}
        for variable, level in self.beliefs:
            if variable.axis:
                axes.setdefault(variable.axis, []).append(variable.position(level))
        return axes


class Category(BaseModel):
    """What a category promises of each of its personas.

    `place` bounds the absolute position on the axes (`at_most` holds on every axis, `at_least` on
    every axis); `opposition` the beliefs' opposition (`at_most` on every axis, `at_least` on one).
    """

    model_config = ConfigDict(extra="forbid")

    place_at_most: float = 1.0
    place_at_least: float = 0.0
    opposition_at_most: float = 1.0
    opposition_at_least: float = 0.0

    def faults(self, persona: Persona) -> list[str]:
        """The promises that a persona breaks, in words; empty when its category is earned."""
        place = [abs(position) for position in persona.place().values()]
        opposition = list(persona.opposition().values())
        if not place:
            return [f"{persona.name}: no variable of it is on an axis, so that it has no place"]
        checks = (
            (max(place) <= self.place_at_most, f"place {max(place):.2f} > {self.place_at_most}"),
            (min(place) >= self.place_at_least, f"place {min(place):.2f} < {self.place_at_least}"),
            (
                max(opposition) <= self.opposition_at_most,
                f"opposition {max(opposition):.2f} > {self.opposition_at_most}",
            ),
            (
                max(opposition) >= self.opposition_at_least,
                f"opposition {max(opposition):.2f} < {self.opposition_at_least}",
            ),
        )
        return [f"{persona.name}: {said}" for holds, said in checks if not holds]


@dataclass(frozen=True)
class Personas:
    """What a personas file holds: its variables, who there is, what each category promises."""

    variables: tuple[Variable, ...]
    personas: tuple[Persona, ...]
    categories: dict[str, Category]


def load_personas(study: Study, name: str, where: str) -> Personas:
    """The personas of `personas/NAME.toml`.

    Raises StudyError for an unknown name, a missing variable, an unknown variable or level, a
    persona named twice, a category that its promises do not describe and the name `baseline`.
    """
    path = study.file("personas", name, ".toml", where, "personas file")
    place = study.place(path)
    content = study.toml(path)
    odd = set(content) - {"variables", "categories", "personas"}
    if odd:
        raise unknown(
            f"{place}: {min(odd)}",
            "table",
            min(odd),
            "a personas file has",
            ["variables", "categories", "personas"],
        )
    try:
        variables = {
            key: Variable(key=key, **table) for key, table in content.get("variables", {}).items()
        }
        categories = {
            key: Category(**table) for key, table in content.get("categories", {}).items()
        }
    except (ValidationError, TypeError) as error:
        raise StudyError(place, _first(error)) from None
    _refuse_baseline(place, content, variables)
    people = tuple(
        _persona(f"{place}: personas.{key}", key, table, variables, categories)
        for key, table in content.get("personas", {}).items()
    )
    if not people:
        raise StudyError(f"{place}: personas", "no persona found; write one as [personas.NAME]")
    return Personas(tuple(variables.values()), people, categories)


def _persona(
    where: str,
    name: str,
    table: Any,
    variables: dict[str, Variable],
    categories: dict[str, Category],
) -> Persona:
    if not isinstance(table, dict):
        raise StudyError(where, f"found {table!r}; write [personas.{name}] and a line a variable")
    category = str(table.get("category", ""))
    if category and category not in categories:
        raise unknown(f"{where}.category", "category", category, "the file has", categories)
    for key in table:
        if key != "category" and key not in variables:
            raise unknown(f"{where}.{key}", "variable", key, "the file has", variables)
    beliefs = []
    for key, variable in variables.items():
        levels = [level.name for level in variable.levels]
        if key not in table:
            raise StudyError(f"{where}.{key}", f"missing; it takes one of: {', '.join(levels)}")
        if table[key] not in levels:
            raise unknown(f"{where}.{key}", "level", str(table[key]), "the variable has", levels)
        beliefs.append((variable, str(table[key])))
    axes = dict.fromkeys(variable.axis for variable in variables.values() if variable.axis)
    return Persona(name, category, tuple(beliefs), tuple(axes))


def _refuse_baseline(place: str, content: dict[str, Any], variables: dict[str, Variable]) -> None:
    """In every table such a name would fall together with the condition without a persona."""
    named = [
        *((f"personas.{one}", one) for one in content.get("personas", {})),
        *((f"categories.{one}", one) for one in content.get("categories", {})),
        *(
            (f"variables.{key}.levels", level.name)
            for key, variable in variables.items()
            for level in variable.levels
        ),
    ]
    for key, name in named:
        if name.strip().lower() == BASELINE:
            found = f'"{name}" is taken: tables call the condition without a persona so'
            raise StudyError(f"{place}: {key}", found, "give it another name")


def _first(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}, found {first['input']!r}"
