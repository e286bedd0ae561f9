"""Numbers only: the explicit format with ranges on a 1-10 scale in the place of level words."""

from vad import Persona

from .explicit import opening


def render(persona: Persona) -> str:
    lines = [
        f"* {variable.name}: {variable.asks} -> {variable.numbers(level)}"
        for variable, level in persona.items()
    ]
    scale = "each on a scale from 1, the traditional or survival end, to 10"
    return "\n".join([f"{opening(persona).removesuffix(':')}, {scale}:", *lines])
