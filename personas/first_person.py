"""First person: the explicit format, all of it said by the persona."""

from vad import Persona

from .explicit import how_many


def render(persona: Persona) -> str:
    lines = [
        f"* my {variable.name}: {variable.asks} -> {level}" for variable, level in persona.items()
    ]
    opening = (
        "My outlook is described on two axes, traditional to secular and survival to "
        f"self-expression. {how_many(persona)} I hold:"
    )
    return "\n".join([opening, *lines])
