"""Ask: signature and inputs -> the exact messages of a call, in one of three ways of writing.

plain   the prompt as the study wrote it, no scaffolding; the answer one line of JSON
chat    as dspy.ChatAdapter writes it: fields under headers, the answer too
json    as dspy.JSONAdapter writes it: inputs under headers, the answer indented JSON

DSPy calls the adapter for the messages, an engine for the answer (dspy_lm.py), and the adapter
again to read it (parser.py). Each way of writing has a language of its own (language.py).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal, get_args

import dspy

from .fields import choices, item_names
from .json_schema import answer_schema
from .language import AdapterName, Language, language
from .parser import read_headed, read_json

Turn = Literal["user", "system"]


@dataclass(frozen=True)
class AdapterSettings:
    """How the calls of a conversation are written.

    written: plain, as the study has it; chat and json, as DSPy's own adapters do.
    persona_turn: where the field `persona` stands, in the user turn or at the end of the system's.
    offered: for output fields whose question has fewer options than the signature has answers, how
    many of them, from the first on, may be given.
    """

    written: AdapterName = "plain"
    persona_turn: Turn = "user"
    offered: tuple[tuple[str, int], ...] = ()


PLAIN_SETTINGS = AdapterSettings()


class StudyAdapter(dspy.Adapter):
    """Writes messages as its settings say, sends the call's own language along, reads strictly."""

    def __init__(self, settings: AdapterSettings) -> None:
        super().__init__()
        self.settings = settings

    def format(
        self, signature: type[dspy.Signature], demos: list[dict[str, Any]], inputs: dict[str, Any]
    ) -> list[dict[str, str]]:
        """The messages of one call, exactly as the model gets them."""
        signature = narrow(signature, self.settings.offered)  # type: ignore[arg-type]
        inputs = dict(inputs)
        persona = inputs.pop("persona", "") if self.settings.persona_turn == "system" else ""
        messages = WRITERS[self.settings.written](signature, demos, inputs)
        if persona:
            messages[0]["content"] += f"\n\n{persona}"
        return messages

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The typed fields of an answer; Unreadable, by kind, if it is not exactly that."""
        read = read_headed if self.settings.written == "chat" else read_json
        return read(narrow(signature, self.settings.offered), completion)  # type: ignore[arg-type]

    def __call__(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """As dspy.Adapter, the call's own language sent along."""
        sent = lm_kwargs | {"response_format": self._envelope(lm, lm_kwargs, signature)}
        return super().__call__(lm, sent, signature, demos, inputs)  # type: ignore[no-any-return]

    async def acall(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """As dspy.Adapter, the call's own language sent along."""
        sent = lm_kwargs | {"response_format": self._envelope(lm, lm_kwargs, signature)}
        return await super().acall(lm, sent, signature, demos, inputs)  # type: ignore[no-any-return]

    def _envelope(
        self, lm: Any, lm_kwargs: dict[str, Any], signature: type[dspy.Signature]
    ) -> dict[str, Any]:
        """What travels through DSPy, as a response format with keys of our own.

        The number of a rollout goes along, as DSPy drops it on the way to an engine.
        """
        narrowed = narrow(signature, self.settings.offered)  # type: ignore[arg-type]
        allowed = call_language(narrowed, self.settings.written)
        schema = {
            "type": "object",
            "regex": allowed.regex,
            "longest": allowed.longest,
            "answer": answer_schema(narrowed),
            "rollout": (lm.kwargs | lm_kwargs).get("rollout_id"),
        }
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


@cache
def make_adapter(settings: AdapterSettings) -> StudyAdapter:
    """The adapter of these settings."""
    return StudyAdapter(settings)


@cache
def narrow(signature: Any, offered: tuple[tuple[str, int], ...]) -> Any:
    """The signature with no more answers to a question than the question has options."""
    for name, count in offered:
        field = signature.output_fields.get(name)
        values = choices(field.annotation, list(field.metadata)) if field else None
        if values is not None and count < len(values):
            fewer = tuple(values[:count])
            signature = signature.with_updated_fields(name, type_=Literal[fewer])
    return signature


@cache
def call_language(signature: Any, written: AdapterName) -> Language:
    """What a call's answer is held to."""
    return language(signature, written)


def write_plain(
    signature: type[dspy.Signature], demos: list[dict[str, Any]], inputs: dict[str, Any]
) -> list[dict[str, str]]:
    """System text: the signature's docstring. Demos are earlier turns.

    User turn: the filled input fields in their order, the empty ones left out, then the output
    format, joined by blank lines.
    """
    messages = [{"role": "system", "content": signature.instructions}]
    for demo in demos:
        answer = {name: demo.get(name) for name in signature.output_fields}
        messages += [
            {"role": "user", "content": user_turn(signature, demo)},
            {"role": "assistant", "content": json.dumps(answer, ensure_ascii=False)},
        ]
    return [*messages, {"role": "user", "content": user_turn(signature, inputs)}]


def user_turn(signature: type[dspy.Signature], inputs: dict[str, Any]) -> str:
    """The filled fields and the output format, joined by blank lines."""
    filled = [str(inputs[name]) for name in signature.input_fields if inputs.get(name)]
    return "\n\n".join([*filled, output_format(signature)])  # type: ignore[arg-type]


def _write_by(
    own: dspy.Adapter,
    signature: type[dspy.Signature],
    demos: list[dict[str, Any]],
    inputs: dict[str, Any],
) -> list[dict[str, str]]:
    """As one of DSPy's own adapters writes; a field that nothing fills is not announced.

    Else a baseline would show an empty section for its persona.
    """
    empty = tuple(
        name
        for name in signature.input_fields
        if not inputs.get(name) and not any(demo.get(name) for demo in demos)
    )
    messages: list[dict[str, str]] = own.format(_without(signature, empty), demos, inputs)  # type: ignore[arg-type]
    return messages


@cache
def _without(signature: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        signature = signature.delete(name)
    return signature


WRITERS: dict[AdapterName, Callable[..., list[dict[str, str]]]] = {
    "plain": write_plain,
    "chat": partial(_write_by, dspy.ChatAdapter()),
    "json": partial(_write_by, dspy.JSONAdapter()),
}


@cache
def output_format(signature: type[dspy.Signature]) -> str:
    """The answer to be written, with a placeholder for each field: one line of JSON."""
    fields = (
        f"{json.dumps(name)}: {_placeholder(field)}"
        for name, field in signature.output_fields.items()
    )
    return "{" + ", ".join(fields) + "}"


def _placeholder(field: Any) -> str:
    items = item_names(field.annotation)
    kind = get_args(field.annotation)[1] if items else field.annotation
    values = choices(kind, list(field.metadata))
    described = field.json_schema_extra.get("desc", "")
    said = described if described and not described.startswith("${") else ""
    if items and values is not None:
        shown = [f"{json.dumps(name)}: {_choice(values, said)}" for name in items]
        return "{" + ", ".join(shown if len(shown) < 4 else [*shown[:2], "...", shown[-1]]) + "}"
    if values is None:
        return f'"<{said or "text"}>"' if field.annotation is str else f"<{said or 'list'}>"
    return _choice(values, said)


def _choice(values: list[Any], said: str) -> str:
    shown = [value if isinstance(value, str) else json.dumps(value) for value in values]
    listed = f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]
    text = f"<{said + ': ' if said else ''}{listed}>"
    return f'"{text}"' if isinstance(values[0], str) else text
