"""Bold: one line a variable, its name in bold type and the level after a colon."""

from vad import Persona

from .explicit import opening


def render(persona: Persona) -> str:
    lines = [
        f"**{variable.name}** ({variable.asks}): {level.capitalize()}"
        for variable, level in persona.items()
    ]
    return "\n".join([opening(persona), *lines])
