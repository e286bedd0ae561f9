"""Table: the words of the explicit format as a table in Markdown."""

from vad import Persona

from .explicit import opening


def render(persona: Persona) -> str:
    rows = [
        f"| {variable.name} | {variable.asks} | {level} |" for variable, level in persona.items()
    ]
    return "\n".join(
        [opening(persona), "", "| value | what it asks | held |", "|---|---|---|", *rows]
    )
