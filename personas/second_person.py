"""Second person: the explicit format, all of it said to the persona."""

from vad import Persona

from .explicit import axes, how_many


def render(persona: Persona) -> str:
    lines = [
        f"* your {variable.name}: {variable.asks} -> {level}" for variable, level in persona.items()
    ]
    outlook = f"Your outlook is described on {axes(persona)}. " if persona.axes else ""
    opening = outlook + how_many(persona, "you hold", "known of you")
    return "\n".join([opening, *lines])
