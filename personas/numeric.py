"""Numeric: the explicit format with each level's range on a 1-10 scale after it."""

from vad import Persona

from .explicit import opening


def render(persona: Persona) -> str:
    lines = [
        f"* {variable.name}: {variable.asks} -> {level} ({variable.numbers(level)})"
        for variable, level in persona.items()
    ]
    return "\n".join([opening(persona), *lines])
