"""Formats: a persona -> the text a model gets: which variables, in which order, in whose words."""

import inspect
import random
from collections import Counter
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

TRIED_PERSONAS, TRIED_DRAWS = 12, 8
"""Whether a format draws at random is tried with so many personas, so often each."""


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
        again = _drawn_anew(function, {argument: filled[argument] for argument in taken})
    except StudyError:
        raise
    except Exception as error:
        raise study.broken(path, error, f"render({persona.name}) raised ") from None
    if not isinstance(text, str):
        said = f"render({persona.name}) returned {text!r:.60}; it returns a text"
        raise lines.returned("render").error(said)
    if again not in (None, text):
        raise lines.returned("render").error(
            f"draws at random: render({persona.name}) gave two texts, and a trial has one prompt",
            "let what is drawn follow from the persona: random.Random(persona.name)",
        )
    return text.strip()


_asked_again: Counter[Callable[..., str]] = Counter()


def _drawn_anew(function: Callable[..., str], arguments: dict[str, Any]) -> str | None:
    """What a format says when the dice fall otherwise; None where that was tried often enough."""
    if _asked_again[function] >= TRIED_PERSONAS:
        return None
    _asked_again[function] += 1
    state = random.getstate()
    texts = []
    try:
        for seed in range(TRIED_DRAWS):
            random.seed(seed)
            texts.append(function(**arguments))
    finally:
        random.setstate(state)
    return next((text for text in texts if text != texts[0]), texts[0])


def is_silent(study: Study, name: str) -> bool:
    """Whether a format says of itself, with SILENT = True, that it tells nothing of a persona."""
    return bool(getattr(study.module("personas", name), "SILENT", False))
