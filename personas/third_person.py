"""Third person: the explicit format, all of it said of the persona."""

from vad import Persona

from .explicit import how_many


def render(persona: Persona) -> str:
    lines = [
        f"* this person's {variable.name}: {variable.asks} -> {level}"
        for variable, level in persona.items()
    ]
    opening = (
        "A person's outlook is described on two axes, traditional to secular and survival to "
        f"self-expression. {how_many(persona)} this person holds:"
    )
    return "\n".join([opening, *lines])
