"""LM: the dspy.LM of a session. Wherever DSPy carries it, its calls belong to that session."""

import asyncio
import logging
from functools import cache
from typing import Any

import dspy
from dspy import lm15

from ..constraints.adapter import make_adapter
from ..engines.base import Reply
from ..errors import Halt, ProgramFault
from .session import Session


class Bridge:
    """What DSPy takes for its engine, from a thread or a module without an async form."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __deepcopy__(self, memo: dict[int, Any]) -> "Bridge":
        """A copy of a module asks in the same conversation."""
        return self

    def complete(self, request: lm15.Request) -> lm15.Response:
        """Answer on the engine's own event loop and wait for it.

        Halt where that loop itself is asked to wait: it would wait for ever.
        """
        _no_other(self.session)
        loop = self.session.loop
        assert loop is not None
        if _running() is loop:
            raise Halt(
                ProgramFault(
                    "a call",
                    "is made without await inside aforward, which would wait for itself for ever",
                    "write `await self.choose.acall(...)`, or for a module without an async form "
                    "`await asyncio.to_thread(self.choose, ...)`",
                )
            )
        waiting = asyncio.run_coroutine_threadsafe(self.session.answer(request), loop)
        return _response(request, waiting.result())


class AsyncBridge:
    """What DSPy takes for its engine, from a coroutine."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __deepcopy__(self, memo: dict[int, Any]) -> "AsyncBridge":
        """A copy of a module asks in the same conversation."""
        return self

    async def complete(self, request: lm15.Request) -> lm15.Response:
        """Answer in place, or, from another event loop, on the engine's own."""
        _no_other(self.session)
        loop = self.session.loop
        if loop is None or _running() is loop:
            return _response(request, await self.session.answer(request))
        waiting = asyncio.run_coroutine_threadsafe(self.session.answer(request), loop)
        return _response(request, await asyncio.wrap_future(waiting))


class ConversationAdapter(dspy.Adapter):  # type: ignore[misc]
    """Writes and reads each call as the session of its LM says; another LM is refused."""

    def __call__(self, lm: Any, *rest: Any, **given: Any) -> list[dict[str, Any]]:
        """As the session's own adapter."""
        return make_adapter(session_of(lm).adapter)(lm, *rest, **given)

    async def acall(self, lm: Any, *rest: Any, **given: Any) -> list[dict[str, Any]]:
        """As the session's own adapter."""
        own = make_adapter(session_of(lm).adapter)
        return await own.acall(lm, *rest, **given)

    def format_user_message_content(self, *rest: Any, **given: Any) -> str:
        """As the session's own adapter: what dspy.ReAct writes of what it did before."""
        own = make_adapter(session_of(dspy.settings.lm).adapter)
        return own.format_user_message_content(*rest, **given)


class OnlyOurs(dspy.utils.callback.BaseCallback):  # type: ignore[misc]
    """Refuses a call to any other LM while an experiment is asked: nothing would record it."""

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Halt for an LM that is no session's."""
        session_of(instance)


def session_of(lm: Any) -> Session:
    """The session that an LM asks for; Halt for an LM that is none of ours."""
    bridge = getattr(lm, "_engine_spec", None)
    if isinstance(bridge, Bridge):
        return bridge.session
    name = getattr(lm, "model", type(lm).__name__)
    raise Halt(
        ProgramFault(
            "a call",
            f"goes to a model of the program's own, {name}, which nothing bounds or records",
            "leave that out: the experiment names the model",
        )
    )


def _no_other(session: Session) -> None:
    """Halt where the program has put another LM in place: its predictors bring the session's."""
    if session.only_ours and dspy.settings.lm is not None:
        session_of(dspy.settings.lm)


def lm_of(session: Session) -> dspy.LM:
    """The LM of a session."""
    return _blank().copy(engine=Bridge(session), async_engine=AsyncBridge(session))


@cache
def _blank() -> dspy.LM:
    # DSPy warns of every answer that is cut off; here it is counted, by kind.
    logging.getLogger("dspy.clients.lm").setLevel(logging.ERROR)
    return dspy.LM("vad/engine", cache=False, num_retries=0)


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _response(request: lm15.Request, reply: Reply) -> lm15.Response:
    return lm15.Response(
        id="vad",
        model=request.model,
        message=lm15.Message(role="assistant", parts=(lm15.TextPart(text=reply.text),)),
        finish_reason="stop" if reply.finish_reason == "stop" else "length",
        usage=lm15.Usage(input_tokens=reply.prompt_tokens, output_tokens=reply.output_tokens),
    )
