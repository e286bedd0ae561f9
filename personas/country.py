"""Country: one sentence that puts the reader in the place of somebody, as ValueActionLens does."""

from vad import Persona


def render(persona: Persona) -> str:
    said = " ".join(variable.statement(level) for variable, level in persona.items())
    return f'Put yourself in the place of a person who says: "{said}" Answer as that person would.'
