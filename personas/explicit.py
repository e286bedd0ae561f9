"""Explicit: one line a variable, with what it asks and the level; the format as published."""

from vad import Persona

OPENING = (
    "You answer as a person whose outlook is described on two axes, traditional to secular and "
    "survival to self-expression. These are the ten values the person holds:"
)


def render(persona: Persona) -> str:
    lines = [
        f"* {variable.name}: {variable.asks} -> {level}" for variable, level in persona.items()
    ]
    return "\n".join([OPENING, *lines])
