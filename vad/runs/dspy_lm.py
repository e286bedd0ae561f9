"""Sessions: a conversation's LM calls, from DSPy's engine interface to ours, each one recorded."""

import asyncio
import logging
import time
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

import dspy
from dspy import lm15
from dspy.utils.exceptions import AdapterParseError

from ..constraints.adapter import make_adapter
from ..constraints.language import Language
from ..constraints.thinking import after_thought, with_thought
from ..design.trials import Conversation
from ..engines.base import Call, Engine, Reply
from ..errors import EngineFailure, Unreadable
from ..study.models import REFUSED, Model, Sampling


@dataclass
class RecordedCall:
    """One LM call of a conversation, as it went."""

    call: Call
    reply: Reply
    seconds: float
    rollout: int | None = None


@dataclass
class Session:
    """How a conversation's calls are to be made, and those made so far.

    model: the profile, where it thinks before it answers or its answers are only validated.
    """

    engine: Engine
    seed: str
    sampling: Sampling
    constrained: bool
    model: Model | None = None
    calls: list[RecordedCall] = field(default_factory=list)
    probability_calls: list[RecordedCall] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    failure: EngineFailure | None = None

    async def answer(self, request: lm15.Request) -> Reply:
        """Turn DSPy's request into a Call, the engine's reply into a record; the answer alone.

        Raises EngineFailure for an end other than "stop" where the constraint guarantees one.
        """
        schema = request.config.response_format["schema"]
        thinking = self.model.thinking if self.model else None
        guaranteed = self.constrained and not (self.model and self.model.validated)
        call = Call(
            messages=_messages(request),
            language=with_thought(Language(schema["regex"], schema["longest"]), thinking),
            constrained=self.constrained,
            temperature=_first(request.config.temperature, self.sampling.temperature, 1.0),
            top_p=_first(request.config.top_p, self.sampling.top_p, 1.0),
            top_k=int(_first(request.config.top_k, self.sampling.top_k, 0)),
            seed=(int(self.seed, 16) + len(self.calls)) % 2**31,
            schema=schema["answer"],
        )
        began = time.perf_counter()
        try:
            _refuse(request.config, call.max_tokens)
            reply = await self.engine.answer(call)
            if guaranteed and reply.finish_reason != "stop":
                raise EngineFailure(
                    f'under a constraint the answer ended by "{reply.finish_reason}"'
                )
        except EngineFailure as failure:
            self.failure = failure
            raise
        self.calls.append(RecordedCall(call, reply, time.perf_counter() - began, schema["rollout"]))
        return replace(reply, text=after_thought(reply.text, thinking))


def _refuse(config: Any, bound: int) -> None:
    """EngineFailure for what a program's own LM settings must not say: it would break answers."""
    if config.max_tokens is not None and config.max_tokens < bound:
        raise EngineFailure(
            f"the program sets max_tokens = {config.max_tokens}, and its answer may take {bound}; "
            "leave it out: the budget follows from the output fields"
        )
    if config.stop:
        raise EngineFailure(f"the program sets stop = {config.stop}: {REFUSED['stop']}")


SESSION: ContextVar[Session] = ContextVar("session")


class Bridge:
    """What DSPy takes for its engine, from the thread of a module without an async form."""

    def complete(self, request: lm15.Request) -> lm15.Response:
        """Answer on the run's own event loop and wait for it."""
        session = SESSION.get()
        assert session.loop is not None
        waiting = asyncio.run_coroutine_threadsafe(session.answer(request), session.loop)
        return _response(request, waiting.result())


class AsyncBridge:
    """What DSPy takes for its engine, from a coroutine."""

    async def complete(self, request: lm15.Request) -> lm15.Response:
        """Answer in place."""
        return _response(request, await SESSION.get().answer(request))


def make_lm() -> dspy.LM:
    """The one dspy.LM of a run; which engine answers is the session's business."""
    # DSPy warns of every answer that is cut off; here it is counted, by kind.
    logging.getLogger("dspy.clients.lm").setLevel(logging.ERROR)
    return dspy.LM("vad/engine", engine=Bridge(), async_engine=AsyncBridge(), cache=False)


async def converse(
    conversation: Conversation, session: Session, lm: dspy.LM, trace: list[Any] | None = None
) -> dict[str, Any]:
    """Run a program's module on its inputs; the fields of its prediction.

    trace: what its predictors were given and answered is added to it, as DSPy's optimisers read it.
    Raises Unreadable for an answer that cannot be read, EngineFailure for one that did not come
    (DSPy wraps it in an error of its own, and a module may swallow it: the session keeps it),
    TypeError for a module that returns anything else than a prediction.
    """
    session.loop = asyncio.get_running_loop()
    token = SESSION.set(session)
    module = conversation.part.module
    try:
        # DSPy would keep the last 10,000 prompts and traces in memory; every call is kept on disk.
        # Its own modules need a trace to write to; this one ends with the conversation.
        own = make_adapter(conversation.adapter)
        kept = [] if trace is None else trace
        with dspy.context(lm=lm, adapter=own, disable_history=True, trace=kept):
            if isinstance(module, dspy.Predict) or hasattr(module, "aforward"):
                prediction = await module.acall(**conversation.inputs)
            else:
                prediction = await asyncio.to_thread(module, **conversation.inputs)
    except Unreadable:
        raise
    except AdapterParseError as error:
        # DSPy itself turns down an answer without a character; all others our adapter reads.
        raise Unreadable("empty", session.calls[-1].reply.text) from error
    except Exception:
        if session.failure:
            raise session.failure from None
        raise
    finally:
        SESSION.reset(token)
    if session.failure:
        raise session.failure
    if prediction is None and session.calls:
        raise Unreadable("no answer", session.calls[-1].reply.text)
    if not isinstance(prediction, dspy.Prediction):
        raise TypeError(f"it returned {prediction!r:.60}, and no dspy.Prediction")
    return dict(prediction.items())


def _messages(request: lm15.Request) -> list[dict[str, str]]:
    system = [{"role": "system", "content": request.system}] if request.system else []
    return system + [
        {"role": message.role, "content": "".join(part.text for part in message.parts)}
        for message in request.messages
    ]


def _response(request: lm15.Request, reply: Reply) -> lm15.Response:
    return lm15.Response(
        id="vad",
        model=request.model,
        message=lm15.Message(role="assistant", parts=(lm15.TextPart(text=reply.text),)),
        finish_reason="stop" if reply.finish_reason == "stop" else "length",
        usage=lm15.Usage(input_tokens=reply.prompt_tokens, output_tokens=reply.output_tokens),
    )


def _first(*values: Any) -> float:
    return float(next(value for value in values if value is not None))
