"""Option probabilities: what a model's letter would have been worth to it, beside the one it gave.

Under `decoding = "letter"` an answer is held to its constraint as ever. Then the model is given its
prompt and its own answer once more, up to the letter's place, and asked for the probabilities of
the next token: before the mask, at temperature 1, over its whole vocabulary. An option's
probability is that of all tokens that begin it (`C`, `C"`, `C"}`), so their sum says how much of
the model's own wish the constraint left standing: near 1 the letter is the model's, near 0 it was
coerced. It takes a second request, because log-probabilities under a constraint are those after
the mask; its prompt is all but wholly in the cache.
"""

import json
import time
from typing import Any

from ..constraints.values import as_json
from ..design.answering import declared
from ..design.trials import Conversation
from ..engines.base import Call
from ..errors import EngineGone
from .session import RecordedCall, Session


async def option_probabilities(
    conversation: Conversation, session: Session
) -> dict[str, tuple[float, ...]]:
    """The probability of each answer that was offered, in the signature's order, by trial key.

    Raises EngineGone for an engine that has no probabilities to give.
    """
    found = {}
    for trial in conversation.trials:
        name, _ = declared(conversation.part.module, trial.question.name)
        answers = conversation.part.answers[trial.question.name][: len(trial.order)]
        options = [_written(one) for one in answers]
        last = next(one for one in reversed(session.calls) if f'"{name}": ' in one.reply.text)
        prefix = _before(last.reply.text, name, trial.item) + options[0][0]
        call = Call(
            messages=last.call.messages,
            language=last.call.language,
            constrained=False,
            temperature=1.0,
            top_p=1.0,
            top_k=0,
            seed=last.call.seed,
            prefix=prefix,
            continuations=tuple(text for _, text in options),
        )
        began = time.perf_counter()
        reply = await session.engine.answer(call)
        if len(reply.probabilities) != len(options):
            raise EngineGone(
                'this engine gives no probabilities, and decoding = "letter" reads them; '
                "vllm and transformers do"
            )
        session.probability_calls.append(RecordedCall(call, reply, time.perf_counter() - began))
        found[trial.key] = reply.probabilities
    return found


def _before(text: str, name: str, item: str) -> str:
    """A text up to the value of a key; no string of an answer holds a quote, a thought may."""
    key = f"{json.dumps(name)}: "
    at = text.rindex(key) + len(key)
    if item:
        key = f"{json.dumps(item, ensure_ascii=False)}: "
        at = text.index(key, at) + len(key)
    return text[:at]


def _written(answer: Any) -> tuple[str, str]:
    """An answer's JSON: what opens it, and the rest."""
    text = as_json(answer)
    return (text[:1], text[1:]) if text.startswith('"') else ("", text)
