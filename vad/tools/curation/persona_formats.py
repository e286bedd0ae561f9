"""Told: which variables and levels of its personas a format tells apart, in how many tokens."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from ...errors import StudyError
from ...study.formats import Count, is_silent, render
from ...study.loader import Study
from ...study.personas import Persona, Personas, Variable


@dataclass(frozen=True)
class Merged:
    """Levels of a variable that a format words alike, and the personas whose text it is."""

    variable: Variable
    levels: tuple[str, ...]
    personas: tuple[str, ...]

    def __str__(self) -> str:
        alike = " and ".join(f'"{level}"' for level in self.levels)
        return f"{self.variable.name}: {alike} read alike for {', '.join(self.personas)}"


@dataclass
class FormatReport:
    """What a format says of the personas of one file.

    texts: each persona's. merged: the levels it does not tell apart. alike: personas that it does
    not. positions: for each variable, how many tokens stand before its level, the mean over
    personas. silent: it says nothing on purpose. refused: why it cannot word these personas at all.
    """

    format: str
    silent: bool = False
    refused: str = ""
    texts: list[str] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    positions: dict[str, float] = field(default_factory=dict)

    @property
    def unsaid(self) -> list[Variable]:
        """The variables of which it says nothing: all levels read alike, for every persona."""
        return [
            one.variable
            for one in self.merged
            if len(one.levels) == len(one.variable.levels) and len(one.personas) == len(self.texts)
        ]


def format_report(study: Study, personas: Personas, name: str, count: Count) -> FormatReport:
    """Word each persona with each level of each variable in a format, and see what changes."""

    def worded(persona: Persona) -> str:
        return render(study, name, persona, "personas", count)

    try:
        texts = [worded(persona) for persona in personas.personas]
    except StudyError as error:
        return FormatReport(name, refused=" ".join((error.where, *error.lines)))
    found = FormatReport(name, is_silent(study, name) or not any(texts), texts=texts)
    found.tokens = [count(text) for text in texts]
    if found.silent:
        return found
    names: dict[str, list[str]] = defaultdict(list)
    for persona, text in zip(personas.personas, texts, strict=True):
        names[text].append(persona.name)
    found.alike = [" and ".join(same) for same in names.values() if len(same) > 1]
    for variable in personas.variables:
        merged: dict[tuple[str, ...], list[str]] = defaultdict(list)
        before = []
        for persona in personas.personas:
            said: dict[str, list[str]] = defaultdict(list)
            for level in variable.levels:
                said[worded(_with(persona, variable, level.name))].append(level.name)
            before.append(count(_before_they_part(list(said)).rstrip()))
            for same in said.values():
                if len(same) > 1:
                    merged[tuple(same)].append(persona.name)
        found.merged += [Merged(variable, same, tuple(who)) for same, who in merged.items()]
        found.positions[variable.key] = sum(before) / len(before)
    return found


def _before_they_part(texts: list[str]) -> str:
    first = min(texts, key=len)
    same = (len({text[place] for text in texts}) == 1 for place in range(len(first)))
    return first[: next((place for place, alike in enumerate(same) if not alike), len(first))]


def _with(persona: Persona, variable: Variable, level: str) -> Persona:
    """The persona at another level of one variable."""
    beliefs = tuple((one, level if one is variable else own) for one, own in persona.beliefs)
    return replace(persona, beliefs=beliefs)
