"""Third person: the explicit format, all of it said of the persona."""

from vad import Persona

from .explicit import axes, how_many


def render(persona: Persona) -> str:
    lines = [
        f"* this person's {variable.name}: {variable.asks} -> {level}"
        for variable, level in persona.items()
    ]
    outlook = f"A person's outlook is described on {axes(persona)}. " if persona.axes else ""
    opening = outlook + how_many(persona, "this person holds", "known of this person")
    return "\n".join([opening, *lines])
