"""Formats: a persona -> the text a model gets: which variables, in which order, in whose words."""

import inspect
from collections.abc import Callable
from random import Random
from typing import Any

from ..errors import StudyError
from .loader import Study
from .personas import Persona
from .source import SourceLines

NOTHING, EVERYTHING = "nothing", "everything"
"""What `leave_out` and `keep_only` say where they leave the persona whole."""

FILLED = ("persona", "tokens")
"""What a format may ask for, by name: the persona, and a function that counts a text's tokens."""

Count = Callable[[str], int]


def shown(persona: Persona, order: str, seed: int, leave_out: str, keep_only: str) -> Persona:
    """The persona as its format gets it: with which of its variables, in which order.

    order: fixed, as the file has them; reversed; seeded, an order of the seed's, the same for all
    personas.
    """
    keys = [variable.key for variable, _ in persona.items()]
    if order == "seeded":
        Random(f"{seed} variables").shuffle(keys)
    elif order == "reversed":
        keys.reverse()
    return persona.only(key for key in keys if key != leave_out and keep_only in (EVERYTHING, key))


def count_words(text: str) -> int:
    """The number of words of a text, for whoever has no tokenizer."""
    return len(text.split())


def render(
    study: Study, name: str, persona: Persona, where: str, tokens: Count = count_words
) -> str:
    """A persona's text in a format: what `render(persona)` of `personas/NAME.py` returns.

    A format that takes a second argument, `tokens`, gets the function that counts a text's tokens.
    Raises StudyError for an unknown format and for one that breaks its contract, with the line.
    """
    path = study.file("personas", name, ".py", where, "persona format")
    function = getattr(study.module("personas", name), "render", None)
    if not callable(function):
        raise StudyError(study.place(path), "defines no render(persona); a persona format does")
    lines = SourceLines(study, [path])
    filled: dict[str, Any] = {"persona": persona, "tokens": tokens}
    taken = list(inspect.signature(function).parameters)
    for argument in taken:
        if argument not in FILLED:
            raise lines.named("render").error(
                f'render takes an argument "{argument}" that nothing fills',
                "write: def render(persona: Persona) -> str:",
            )
    try:
        text = function(**{argument: filled[argument] for argument in taken})
    except StudyError:
        raise
    except Exception as error:
        raise study.broken(path, error, f"render({persona.name}) raised ") from None
    if not isinstance(text, str):
        said = f"render({persona.name}) returned {text!r:.60}; it returns a text"
        raise lines.returned("render").error(said)
    return text.strip()


def is_silent(study: Study, name: str) -> bool:
    """Whether a format says of itself, with SILENT = True, that it tells nothing of a persona."""
    return bool(getattr(study.module("personas", name), "SILENT", False))
