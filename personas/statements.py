"""Statements: each variable as a sentence the persona would agree with."""

from vad import Persona


def render(persona: Persona) -> str:
    return "\n".join(variable.statement(level) for variable, level in persona.items())
