"""Paragraph: the words of the explicit format as one running text, without lines or bullets."""

from vad import Persona

from .explicit import opening


def render(persona: Persona) -> str:
    held = [f"{variable.name}: {variable.asks} -> {level}" for variable, level in persona.items()]
    return f"{opening(persona)} {'; '.join(held)}."
