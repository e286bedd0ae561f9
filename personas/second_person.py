"""Second person: the explicit format, all of it said to the persona."""

from vad import Persona

from .explicit import how_many


def render(persona: Persona) -> str:
    lines = [
        f"* your {variable.name}: {variable.asks} -> {level}" for variable, level in persona.items()
    ]
    opening = (
        "Your outlook is described on two axes, traditional to secular and survival to "
        f"self-expression. {how_many(persona)} you hold:"
    )
    return "\n".join([opening, *lines])
