"""First person: the explicit format, all of it said by the persona."""

from vad import Persona

from .explicit import axes, how_many


def render(persona: Persona) -> str:
    lines = [
        f"* my {variable.name}: {variable.asks} -> {level}" for variable, level in persona.items()
    ]
    outlook = f"My outlook is described on {axes(persona)}. " if persona.axes else ""
    opening = outlook + how_many(persona, "I hold", "known of me")
    return "\n".join([opening, *lines])
