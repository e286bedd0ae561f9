"""The canary: a text that no model would write shows, before a run, that constraints hold."""

import hashlib
import os

from .decode import Language
from .engines import Call, Engine
from .errors import EngineGone
from .model import Model


async def ask_canary(engine: Engine, model: Model) -> bool:
    """Whether an engine returns the one text that it is held to.

    Raises EngineGone where it does not and the profile promises answers by construction.
    """
    text = "canary-" + hashlib.sha256(os.urandom(8)).hexdigest()[:12]
    expected = f'{{"canary": "{text}"}}' if model.validated else text
    schema = {
        "type": "object",
        "properties": {"canary": {"type": "string", "enum": [text]}},
        "required": ["canary"],
        "additionalProperties": False,
    }
    messages = [{"role": "user", "content": "Say hello."}]
    call = Call(messages, Language(expected, expected), True, 1.0, 1.0, 0, 1, schema)
    reply = await engine.answer(call)
    if model.validated:
        return text in reply.text
    if reply.text != text or reply.finish_reason != "stop":
        raise EngineGone(
            f"constraints are not in force: {model.name} was held to {text!r} and answered "
            f"{reply.text[:60]!r}; nothing was asked"
        )
    return True
