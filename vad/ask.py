"""Ask: signature and inputs -> the exact messages; an answer's text -> typed fields.

The engine is handed to DSPy as its own: DSPy calls the adapter for the messages, our Bridge for the
answer, and the adapter again to read it. Nothing is repaired and nothing falls back.
"""

import asyncio
import json
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import dspy
from dspy import lm15
from pydantic import TypeAdapter, ValidationError

from .decode import Language, choices, language
from .engines import Call, Engine, Reply
from .errors import EngineFailure, Unreadable
from .model import REFUSED, Sampling
from .trial import Conversation


class PlainAdapter(dspy.Adapter):
    """Renders a prompt as the study wrote it, with no scaffolding, and reads the answer strictly.

    System text: the signature's docstring. User turn: the filled input fields in their order, the
    empty ones left out, then the output format, joined by blank lines. Demos are earlier turns.
    """

    def format(
        self, signature: type[dspy.Signature], demos: list[dict[str, Any]], inputs: dict[str, Any]
    ) -> list[dict[str, str]]:
        """The messages of one call, exactly as the model gets them."""
        messages = [{"role": "system", "content": signature.instructions}]
        for demo in demos:
            answer = {name: demo.get(name) for name in signature.output_fields}
            messages += [
                {"role": "user", "content": user_turn(signature, demo)},
                {"role": "assistant", "content": json.dumps(answer, ensure_ascii=False)},
            ]
        return [*messages, {"role": "user", "content": user_turn(signature, inputs)}]

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The typed fields of an answer; Unreadable, by kind, if it is not exactly that."""
        return read_answer(signature, completion)

    def __call__(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """As dspy.Adapter, the call's own language sent along."""
        held = lm_kwargs | {"response_format": _envelope(signature)}  # type: ignore[arg-type]
        return super().__call__(lm, held, signature, demos, inputs)  # type: ignore[no-any-return]

    async def acall(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """As dspy.Adapter, the call's own language sent along."""
        held = lm_kwargs | {"response_format": _envelope(signature)}  # type: ignore[arg-type]
        return await super().acall(lm, held, signature, demos, inputs)  # type: ignore[no-any-return]


def user_turn(signature: type[dspy.Signature], inputs: dict[str, Any]) -> str:
    """The filled fields and the output format, joined by blank lines."""
    filled = [str(inputs[name]) for name in signature.input_fields if inputs.get(name)]
    return "\n\n".join([*filled, output_format(signature)])  # type: ignore[arg-type]


@cache
def output_format(signature: type[dspy.Signature]) -> str:
    """The answer to be written, with a placeholder for each field: one line of JSON."""
    fields = (
        f"{json.dumps(name)}: {_placeholder(field)}"
        for name, field in signature.output_fields.items()
    )
    return "{" + ", ".join(fields) + "}"


def _placeholder(field: Any) -> str:
    values = choices(field.annotation, list(field.metadata))
    described = field.json_schema_extra.get("desc", "")
    said = described if described and not described.startswith("${") else ""
    if values is None:
        return f'"<{said or "text"}>"' if field.annotation is str else f"<{said or 'list'}>"
    shown = [value if isinstance(value, str) else json.dumps(value) for value in values]
    listed = f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]
    text = f"<{said + ': ' if said else ''}{listed}>"
    return f'"{text}"' if isinstance(values[0], str) else text


def read_answer(signature: type[dspy.Signature], text: str) -> dict[str, Any]:
    """Strict reading: one JSON object, exactly the signature's keys, each of its type.

    Raises Unreadable with one of the kinds: empty, fenced, prose around, cut off, not JSON,
    wrong keys, wrong type.
    """
    bare = text.strip()
    try:
        content = json.loads(bare, object_pairs_hook=_no_twice)
    except ValueError:
        raise Unreadable(_kind(bare), text) from None
    if not isinstance(content, dict) or set(content) != set(signature.output_fields):
        raise Unreadable("wrong keys", text)
    fields: dict[str, Any] = {}
    for name, checker in _checkers(signature).items():  # type: ignore[arg-type]
        try:
            fields[name] = checker.validate_python(content[name], strict=True)
        except ValidationError:
            answered = choices(
                signature.output_fields[name].annotation,
                list(signature.output_fields[name].metadata),
            )
            raise Unreadable("not an option" if answered else "wrong type", text) from None
    return fields


@cache
def _checkers(signature: type[dspy.Signature]) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(field.annotation) for name, field in signature.output_fields.items()}


def _kind(text: str) -> str:
    if not text:
        return "empty"
    if text.startswith("```"):
        return "fenced"
    if not text.startswith("{"):
        return "prose around" if "{" in text else "no JSON"
    try:
        json.JSONDecoder(object_pairs_hook=_no_twice).raw_decode(text)
    except ValueError:
        return "not JSON" if text.endswith("}") else "cut off"
    return "prose around"


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


@cache
def _envelope(signature: type[dspy.Signature]) -> dict[str, Any]:
    """How a language travels through DSPy: as a response format with keys of our own."""
    held = language(signature)
    schema = {"type": "object", "regex": held.regex, "longest": held.longest}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


@dataclass
class Asked:
    """One LM call of a conversation, as it went."""

    call: Call
    reply: Reply
    seconds: float


@dataclass
class Session:
    """How a conversation's calls are to be made, and those made so far."""

    engine: Engine
    seed: str
    sampling: Sampling
    constrained: bool
    calls: list[Asked] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    failure: EngineFailure | None = None

    async def answer(self, request: lm15.Request) -> Reply:
        """Turn DSPy's request into a Call, and the engine's reply into a record.

        Raises EngineFailure for an end other than "stop" under a constraint.
        """
        schema = request.config.response_format["schema"]
        call = Call(
            messages=_messages(request),
            language=Language(schema["regex"], schema["longest"]),
            constrained=self.constrained,
            temperature=_first(request.config.temperature, self.sampling.temperature, 1.0),
            top_p=_first(request.config.top_p, self.sampling.top_p, 1.0),
            top_k=int(_first(request.config.top_k, self.sampling.top_k, 0)),
            seed=(int(self.seed, 16) + len(self.calls)) % 2**31,
        )
        began = time.perf_counter()
        try:
            _refuse(request.config, call.max_tokens)
            reply = await self.engine.answer(call)
            if self.constrained and reply.finish_reason != "stop":
                raise EngineFailure(
                    f'under a constraint the answer ended by "{reply.finish_reason}"'
                )
        except EngineFailure as failure:
            self.failure = failure
            raise
        self.calls.append(Asked(call, reply, time.perf_counter() - began))
        return reply


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
    return dspy.LM("vad/engine", engine=Bridge(), async_engine=AsyncBridge(), cache=False)


async def converse(conversation: Conversation, session: Session, lm: dspy.LM) -> dict[str, Any]:
    """Run a program's module on its inputs; the fields of its prediction.

    Raises Unreadable for an answer that cannot be read, EngineFailure for one that did not come
    (DSPy wraps it in an error of its own, so the session keeps it).
    """
    session.loop = asyncio.get_running_loop()
    token = SESSION.set(session)
    module = conversation.part.module
    try:
        with dspy.context(lm=lm, adapter=PlainAdapter()):
            if isinstance(module, dspy.Predict) or hasattr(module, "aforward"):
                prediction = await module.acall(**conversation.inputs)
            else:
                prediction = await asyncio.to_thread(module, **conversation.inputs)
    except Unreadable:
        raise
    except Exception:
        if session.failure:
            raise session.failure from None
        raise
    finally:
        SESSION.reset(token)
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
