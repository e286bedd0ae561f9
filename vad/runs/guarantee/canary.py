"""The canary: a text that no model would write shows, before a run, that constraints hold.

It is an answer like any other, one JSON object with quotes and spaces in it, so that a backend that
cannot write these for a model's tokenizer is found out too.
"""

import os
from typing import Literal

import dspy

from ...constraints.language import language
from ...engines.base import Call, Engine
from ...errors import EngineFailure, EngineGone
from ...study.models import Model


async def ask_canary(engine: Engine, model: Model) -> bool:
    """Whether an engine returns the one text that it is held to.

    Raises EngineGone where it does not and the profile promises answers by construction.
    """
    song = f"canary {os.urandom(6).hex()}"
    signature = dspy.make_signature(
        {"canary": (Literal[song], dspy.OutputField())},
        "Say hello.",
    )
    held = language(signature)
    schema = {
        "type": "object",
        "properties": {"canary": {"type": "string", "enum": [song]}},
        "required": ["canary"],
        "additionalProperties": False,
    }
    messages = [{"role": "user", "content": "Say hello."}]
    call = Call(messages, held, True, 1.0, 1.0, 0, 1, schema)
    try:
        reply = await engine.answer(call)
    except EngineGone:
        raise
    except EngineFailure as failure:
        raise EngineGone(_silent(model, held.longest, f"gave no answer: {failure}")) from failure
    if model.validated:
        return song in reply.text
    if reply.text != held.longest or reply.finish_reason != "stop":
        raise EngineGone(_silent(model, held.longest, f"answered {reply.text[:60]!r}"))
    return True


def _silent(model: Model, text: str, what: str) -> str:
    return (
        f"constraints are not in force: {model.name} was held to {text!r} and {what}; "
        "nothing was asked"
    )
