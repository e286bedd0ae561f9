"""Explicit: one line a variable, with what it asks and the level; the format as published."""

from vad import Persona

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def axes(persona: Persona) -> str:
    """The axes that the variables lie on, in words; empty where they lie on none."""
    names = [axis.replace(" - ", " to ") for axis in persona.axes]
    if not names:
        return ""
    noun = "axis" if len(names) == 1 else "axes"
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{number(len(names))} {noun}, {listed}"


def how_many(persona: Persona, held: str, known: str) -> str:
    """How many lines follow: values that somebody holds where all lie on an axis, else things
    known of them."""
    count = len(persona.beliefs)
    if not count:
        return f"Nothing is {known}."
    values = all(variable.axis for variable, _ in persona.items())
    what, whose = ("value", held) if values else ("thing", known)
    if count == 1:
        return f"This is the one {what} {whose}:"
    return f"These are the {number(count)} {what}s {whose}:"


def opening(persona: Persona) -> str:
    how = f"whose outlook is described on {axes(persona)}" if persona.axes else "described here"
    lines = how_many(persona, "the person holds", "known of the person")
    return f"You answer as a person {how}. {lines}"


def render(persona: Persona) -> str:
    lines = [
        f"* {variable.name}: {variable.asks} -> {level}" for variable, level in persona.items()
    ]
    return "\n".join([opening(persona), *lines])
