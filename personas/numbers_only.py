"""Numbers only: the explicit format with ranges on a 1-10 scale in the place of level words."""

from vad import Persona

from .explicit import opening


def render(persona: Persona) -> str:
    lines = [
        f"* {variable.name}: {variable.asks} -> {variable.numbers(level)}"
        for variable, level in persona.items()
    ]
    ends = " or ".join(axis.split(" - ")[0] for axis in persona.axes)
    scale = f"each on a scale from 1{f', the {ends} end,' if ends else ''} to 10"
    return "\n".join([f"{opening(persona).removesuffix(':')}, {scale}:", *lines])
