"""Ask: signature and inputs -> the exact messages; an answer's text -> typed fields.

DSPy calls the adapter for the messages, an engine for the answer (session.py), and the adapter
again to read it. Nothing is repaired and nothing falls back.
"""

import json
from functools import cache
from typing import Any, get_args

import dspy
from pydantic import TypeAdapter, ValidationError

from .decode import language
from .errors import Unreadable
from .finite import choices, item_names
from .schema import answer_schema


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


def read_answer(signature: type[dspy.Signature], text: str) -> dict[str, Any]:
    """Strict reading: one JSON object, exactly the signature's keys, each of its type.

    Of an answer for each item only the object is held to its type: an item that is missing or
    answered with no option is that item's own loss (`answer.py`).

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
    return {
        name: TypeAdapter(dict[str, Any] if item_names(field.annotation) else field.annotation)
        for name, field in signature.output_fields.items()
    }


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
    schema = {
        "type": "object",
        "regex": held.regex,
        "longest": held.longest,
        "answer": answer_schema(signature),  # type: ignore[arg-type]
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
