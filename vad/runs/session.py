"""Session: how the LM calls of one conversation are made, each one recorded as it begins.

What belongs to a call travels in the LM object (lm.py), so a session may be asked from the engine's
own loop, from another, or from any thread.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from dspy import lm15

from ..constraints.adapter import PLAIN_SETTINGS, AdapterSettings
from ..constraints.language import Language
from ..constraints.thinking import after_thought, with_thought
from ..engines.base import Call, Engine, Reply, encodable
from ..errors import DoesNotFit, EngineFailure, Halt, ProgramFault
from ..study.hashing import digest
from ..study.models import REFUSED, Model, Sampling

MOST_CALLS = 500
"""LM calls of one conversation; a loop that a model's answer never ends is stopped there."""


@dataclass
class RecordedCall:
    """One LM call of a conversation, as it went."""

    call: Call
    reply: Reply
    seconds: float
    rollout: int | None = None


@dataclass
class Session:
    """How a conversation's calls are to be made, and those made so far, in the order they began.

    key: the trial's; every seed follows from it. one_call: the conversation makes a single call,
    which then keeps the trial's own seed. model: the profile, where it thinks before it answers or
    its answers are only validated. loop: the event loop that the engine lives on. only_ours:
    whether a call to any other model is refused, as in an experiment. heard: takes each call
    instead of keeping it here, where there is no end of them.
    """

    engine: Engine
    key: str
    sampling: Sampling
    constrained: bool
    model: Model | None = None
    adapter: AdapterSettings = PLAIN_SETTINGS
    one_call: bool = False
    most_calls: int = MOST_CALLS
    loop: asyncio.AbstractEventLoop | None = None
    failure: EngineFailure | None = None
    only_ours: bool = True
    heard: Callable[[RecordedCall], None] | None = None
    probability_calls: list[RecordedCall] = field(default_factory=list)
    _begun: list[RecordedCall | None] = field(default_factory=list)
    _made: Counter[str] = field(default_factory=Counter)
    _lock: Any = field(default_factory=Lock, repr=False)

    @property
    def calls(self) -> list[RecordedCall]:
        """The calls that were answered, in the order in which they began."""
        return [one for one in self._begun if one is not None]

    async def answer(self, request: lm15.Request) -> Reply:
        """Turn DSPy's request into a Call, the engine's reply into a record; the answer alone.

        Raises EngineFailure for an end other than "stop" where the constraint guarantees one, Halt
        for what the program must not do.
        """
        call, rollout, place = self._begin(request)
        guaranteed = self.constrained and not (self.model and self.model.validated)
        began = time.perf_counter()
        try:
            reply = await self.engine.answer(call)
            if guaranteed and reply.finish_reason != "stop":
                raise EngineFailure(
                    f'under a constraint the answer ended by "{reply.finish_reason}"'
                )
        except DoesNotFit as error:
            raise Halt(error) from error
        except EngineFailure as failure:
            self.failure = failure
            raise
        record = RecordedCall(call, reply, time.perf_counter() - began, rollout)
        if self.heard:
            self.heard(record)
        else:
            self._begun[place] = record
        return replace(reply, text=after_thought(reply.text, self._thinking))

    @property
    def _thinking(self) -> Any:
        return self.model.thinking if self.model else None

    def _begin(self, request: lm15.Request) -> tuple[Call, int | None, int]:
        """The call of a request with its seed, the number of its rollout, and its place."""
        given = (request.config.response_format or {}).get("schema", {})
        if "longest" not in given:
            raise Halt(
                ProgramFault(
                    "a call",
                    "reached the model by another adapter than vad's, so nothing bounds its answer",
                    "leave the adapter as it is; in threads of your own, start them with "
                    "contextvars.copy_context().run, asyncio.to_thread or dspy.Parallel",
                )
            )
        config, own = request.config, self.sampling
        call = Call(
            messages=_messages(request),
            language=with_thought(Language(given["regex"], given["longest"]), self._thinking),
            constrained=self.constrained,
            temperature=_first(config.temperature, own.temperature, 1.0),
            top_p=_first(config.top_p, own.top_p, 1.0),
            top_k=int(_first(config.top_k, own.top_k, 0)),
            seed=0,
            schema=given["answer"],
        )
        _refuse(config, call.max_tokens)
        with self._lock:
            place = len(self._begun)
            if place >= self.most_calls:
                raise Halt(
                    ProgramFault("a call", f"is the {place + 1}th of one conversation: no end")
                )
            if not self.heard:
                self._begun.append(None)
            seed = self._seed(call, given["rollout"], place)
        return replace(call, seed=seed), given["rollout"], place

    def _seed(self, call: Call, rollout: int | None, place: int) -> int:
        """A hash of the key, the request, and how often the same was asked in this conversation.

        So calls made at once are several samples, the same set whichever comes back first.
        """
        if self.one_call and place == 0:
            return int(self.key, 16) % 2**31
        asked = digest(
            call.messages,
            call.regex or "",
            [call.temperature, call.top_p, call.top_k],
            rollout,
        )
        self._made[asked] += 1
        return int(digest(self.key, asked, self._made[asked]), 16) % 2**31


def _refuse(config: Any, bound: int) -> None:
    """Halt for what a program's own LM settings must not say: it would break answers."""
    if config.max_tokens is not None and config.max_tokens < bound:
        raise Halt(
            ProgramFault(
                "max_tokens",
                f"the program sets max_tokens = {config.max_tokens}, and its answer may take "
                f"{bound}",
                "leave it out: the budget follows from the output fields",
            )
        )
    if config.stop:
        said = f"the program sets stop = {config.stop}: {REFUSED['stop']}"
        raise Halt(ProgramFault("stop", said))


def _messages(request: lm15.Request) -> list[dict[str, str]]:
    """The messages as they are sent and kept: what UTF-8 cannot hold stands as its escape."""
    system = [{"role": "system", "content": encodable(request.system)}] if request.system else []
    return system + [
        {"role": message.role, "content": encodable("".join(part.text for part in message.parts))}
        for message in request.messages
    ]


def _first(*values: Any) -> float:
    return float(next(value for value in values if value is not None))
