"""What can be proved of personas and of their formats."""

from ...study.personas import Personas
from .finding import Finding
from .persona_formats import FormatReport
from .shared_words import content_words


def check_personas(personas: Personas, formats: list[FormatReport]) -> list[Finding]:
    """All findings on personas in some formats, in the order they are printed."""
    speaking = [one for one in formats if not one.silent and not one.refused]
    silent = [one for one in formats if one.silent]
    return [
        _variables(speaking),
        _levels(speaking),
        _alike(speaking),
        _silent(personas, silent),
        _promises(personas),
    ]


def _variables(speaking: list[FormatReport]) -> Finding:
    where = {
        one.format: [f"nothing of {variable.name}" for variable in one.unsaid] for one in speaking
    }
    return _of("formats that say something of every variable", where)


def _levels(speaking: list[FormatReport]) -> Finding:
    where = {one.format: [str(merged) for merged in one.merged] for one in speaking}
    return _of("formats that tell every two levels apart", where)


def _alike(speaking: list[FormatReport]) -> Finding:
    where = {one.format: [f"{same} read alike" for same in one.alike] for one in speaking}
    return _of("formats in which no two personas read alike", where)


def _silent(personas: Personas, silent: list[FormatReport]) -> Finding:
    telling = content_words(
        " ".join(
            f"{variable.name} {level.name} {level.statement}"
            for variable in personas.variables
            for level in variable.levels
        )
    )
    where = {}
    for one in silent:
        said = content_words(" ".join(one.texts))
        both = sorted(said[start] for start in said.keys() & telling.keys())
        where[one.format] = [f"says: {', '.join(both)}"] if both else []
    return _of("formats meant to say nothing that share no word with a level", where)


def _promises(personas: Personas) -> Finding:
    where = [
        fault
        for persona in personas.personas
        if persona.category
        for fault in personas.categories[persona.category].faults(persona)
    ]
    who = [one.name for one in personas.personas if one.category]
    broken = {line.split(":")[0] for line in where}
    return Finding(
        "personas that keep what their category promises",
        f"{len(who) - len(broken)} of {len(who)}",
        "all",
        not where,
        where,
    )


def _of(name: str, where: dict[str, list[str]]) -> Finding:
    """A finding on formats; where: each format's faults."""
    faults = [f"{key}: {fault}" for key, own in where.items() for fault in own]
    good = sum(not own for own in where.values())
    return Finding(name, f"{good} of {len(where)}", "all", not faults, faults)
