"""Explicit: one line a variable, with what it asks and the level; the format as published."""

from vad import Persona

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def how_many(persona: Persona) -> str:
    count = len(persona.beliefs)
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"This is the {number} value" if count == 1 else f"These are the {number} values"


def opening(persona: Persona) -> str:
    return (
        "You answer as a person whose outlook is described on two axes, traditional to secular and "
        f"survival to self-expression. {how_many(persona)} the person holds:"
    )


def render(persona: Persona) -> str:
    lines = [
        f"* {variable.name}: {variable.asks} -> {level}" for variable, level in persona.items()
    ]
    return "\n".join([opening(persona), *lines])
