"""The canary: a text that no model would write shows, before a run, that constraints hold.

It is an answer like any other, one JSON object with quotes and spaces in it, so that a backend that
cannot write these for a model's tokenizer is found out too. Where a server puts messages into a
prompt by a template of its own, a second one asks for a word planted where a persona stands.
"""

import os
import random
from dataclasses import dataclass
from typing import Any, Literal

import dspy

from ...constraints.adapter import Turn
from ...constraints.language import language
from ...engines.base import Call, Engine
from ...errors import EngineFailure, EngineGone
from ...study.models import Model, Sampling, resolve_sampling

WORDS = (
    *("amber", "basil", "cedar", "daisy", "ebony", "fjord", "grape", "hazel"),
    *("indigo", "juniper", "kelp", "lilac", "maple", "nutmeg", "olive", "poppy"),
)
"""By chance one of them is given back once in sixteen times."""

NOT_HELD = "{}: its provider does not hold answers to the schema: the canary came back as {}"


@dataclass(frozen=True)
class Canary:
    """Whether an engine gave back what it was held to; said: what it answered instead."""

    held: bool
    said: str = ""


async def ask_canary(engine: Engine, model: Model, sampling: Sampling | None = None) -> Canary:
    """Whether an engine returns the one text that it is held to, sampled as the questions will be.

    Raises EngineGone where no answer comes, and where one that the profile promises by construction
    is another.
    """
    song = f"canary {os.urandom(6).hex()}"
    messages = [{"role": "user", "content": "Say hello."}]
    call = _call(messages, (song,), sampling or resolve_sampling(Sampling(), model))
    try:
        reply = await engine.answer(call)
    except EngineGone:
        raise
    except EngineFailure as failure:
        raise EngineGone(
            f"{model.name} gave no answer to the canary, and nothing else was asked: {failure}"
        ) from failure
    if model.validated:
        return Canary(song in reply.text, f"{reply.finish_reason}: {reply.text[:60]!r}")
    held = call.language.longest
    if reply.text != held or reply.finish_reason != "stop":
        raise EngineGone(
            f"constraints are not in force: {model.name} was held to {held!r} and answered "
            f"{reply.text[:60]!r}; nothing was asked"
        )
    return Canary(held=True)


async def ask_persona_canary(engine: Engine, model: Model, turn: Turn, sampling: Sampling) -> bool:
    """Whether a word planted where a persona stands comes back: the persona reaches the model.

    Raises EngineGone; an engine that fails in another way has given nothing back.
    """
    word = random.SystemRandom().choice(WORDS)
    planted = f"Your name is {word}."
    asked = f"What is your name? One of {', '.join(WORDS)}.\n\n" + '{"canary": "<your name>"}'
    system = "You answer in one line of JSON."
    if turn == "system":
        system, user = f"{system}\n\n{planted}", asked
    else:
        user = f"{planted}\n\n{asked}"
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    try:
        reply = await engine.answer(_call(messages, WORDS, sampling))
    except EngineGone:
        raise
    except EngineFailure:
        return False
    said = reply.text.rpartition("</think>")[2].lower()
    return word in said and not any(other in said for other in WORDS if other != word)


def _call(messages: list[dict[str, str]], answers: tuple[str, ...], sampling: Sampling) -> Call:
    """A call whose answer is one of these, under the name `canary`."""
    signature = dspy.make_signature(
        {"canary": (Literal[answers], dspy.OutputField())},
        "Say hello.",
    )
    schema: dict[str, Any] = {
        "type": "object",
        # With a bound, as a question's fields have: a provider that refuses bounds says so here.
        "properties": {
            "canary": {
                "type": "string",
                "enum": [*answers],
                "maxLength": max(map(len, answers)),
            }
        },
        "required": ["canary"],
        "additionalProperties": False,
    }
    return Call(
        messages,
        language(signature),
        True,
        sampling.temperature or 0.0,
        1.0 if sampling.top_p is None else sampling.top_p,
        sampling.top_k or 0,
        1,
        schema,
    )
