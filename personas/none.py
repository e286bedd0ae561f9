"""None: no persona at all, the baseline."""

from vad import Persona


def render(persona: Persona) -> str:
    return ""
