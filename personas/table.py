"""Table: the words of the explicit format as a table in Markdown."""

from vad import Persona

from .explicit import opening


def render(persona: Persona) -> str:
    rows = [
        f"| {variable.name} | {variable.asks} | {level} |" for variable, level in persona.items()
    ]
    heads = ("value", "held") if persona.axes else ("variable", "level")
    header = f"| {heads[0]} | what it asks | {heads[1]} |"
    return "\n".join([opening(persona), "", header, "|---|---|---|", *rows])
