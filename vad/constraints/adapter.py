"""Ask: signature and inputs -> the exact messages of a call, in one of three ways of writing.

plain   the prompt as the study wrote it, no scaffolding; the answer one line of JSON
chat    as dspy.ChatAdapter writes it: fields under headers, the answer too
json    as dspy.JSONAdapter writes it: inputs under headers, the answer indented JSON

DSPy calls the adapter for the messages, an engine for the answer (dspy_lm.py), and the adapter
again to read it (parser.py). Each way of writing has a language of its own (language.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

import dspy

from .bounds import feedback_bounded
from .choices import choices
from .language import AdapterName, Language, answer_schema, language
from .parser import read_headed, read_json
from .plain import Messages, filled_fields, without, without_format, write_plain
from .values import unfilled

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
        # A thought is a field like any other, never what a model keeps to itself.
        self.native_response_types: list[Any] = []
        self.settings = settings

    def format(
        self, signature: type[dspy.Signature], demos: list[dict[str, Any]], inputs: dict[str, Any]
    ) -> list[dict[str, str]]:
        """The messages of one call, exactly as the model gets them."""
        signature = without_format(narrow(signature, self.settings.offered))  # type: ignore[arg-type]
        inputs = dict(inputs)
        persona = inputs.pop("persona", "") if self.settings.persona_turn == "system" else ""
        messages = WRITERS[self.settings.written](signature, demos, inputs)
        if persona:
            messages[0]["content"] += f"\n\n{persona}"
        return messages

    def format_user_message_content(
        self,
        signature: type[dspy.Signature],
        inputs: dict[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The filled fields alone, as a module writes down what it did before (dspy.ReAct)."""
        if self.settings.written == "plain":
            return "\n\n".join(filter(None, [prefix, *filled_fields(signature, inputs), suffix]))
        own = OWN[self.settings.written]
        return str(own.format_user_message_content(signature, inputs, prefix, suffix, main_request))

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
        signature = feedback_bounded(signature, inputs)
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
        signature = feedback_bounded(signature, inputs)
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
    """The signature with no more answers to a question than the question has options.

    None, where a field allows it, stays.
    """
    for name, count in offered:
        field = signature.output_fields.get(name)
        values = choices(field.annotation, field.metadata) if field else None
        options = [value for value in values or () if value is not None]
        if count < len(options):
            fewer = (*options[:count], *([None] if None in (values or ()) else []))
            signature = signature.with_updated_fields(name, type_=Literal[fewer])
    return signature


@cache
def call_language(signature: Any, written: AdapterName) -> Language:
    """What a call's answer is held to."""
    return language(signature, written)


def _write_by(
    own: dspy.Adapter,
    signature: type[dspy.Signature],
    demos: list[dict[str, Any]],
    inputs: dict[str, Any],
) -> Messages:
    """As one of DSPy's own adapters writes; a field that nothing fills is not announced.

    Else a baseline would show an empty section for its persona.
    """
    inputs = {name: value for name, value in inputs.items() if value is not None}
    empty = tuple(
        name
        for name in signature.input_fields
        if unfilled(inputs.get(name)) and all(unfilled(demo.get(name)) for demo in demos)
    )
    messages: Messages = own.format(without(signature, empty), demos, inputs)  # type: ignore[arg-type]
    return messages


OWN: dict[AdapterName, dspy.Adapter] = {"chat": dspy.ChatAdapter(), "json": dspy.JSONAdapter()}
WRITERS: dict[AdapterName, Callable[..., Messages]] = {
    "plain": write_plain,
    "chat": partial(_write_by, OWN["chat"]),
    "json": partial(_write_by, OWN["json"]),
}
