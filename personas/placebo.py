"""Placebo: as many tokens as the explicit format has for a persona; it says nothing of values."""

import re
from collections.abc import Callable
from itertools import cycle

from vad import Persona

from .explicit import render as explicit

SILENT = True  # says nothing on purpose: `vad personas check` looks for no variable in it

TEXT = """
This text is laid out as a form that is described on two sides, front and back.
* paper size: the width and the height of the sheet -> upright
* line spacing: how far one row stands from the next -> single
* page number: where on the sheet the count is printed -> bottom
* type face: how the letters are drawn -> upright
* left margin: how much is blank beside the rows -> wide
* heading: how large the first row is -> medium
* columns: in how many blocks the rows are set -> one
* ink: in which shade the rows are printed -> dark
* rule: how thick the line under the heading is -> thin
* corner: how the edge of the sheet is cut -> round"""


def render(persona: Persona, tokens: Callable[[str], int]) -> str:
    length = tokens(explicit(persona))
    text = ""
    for word in cycle(re.findall(r"\s*\S+", TEXT)):
        longer = (text + word).strip()
        if tokens(longer) > length:
            break
        text = longer
    while tokens(text) < length:
        text += "."
    return text
