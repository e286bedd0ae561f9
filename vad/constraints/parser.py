"""Read: an answer's text -> typed fields, strictly. Nothing is repaired, nothing falls back.

Raises Unreadable with one of the kinds: empty, fenced, prose around, no JSON, not JSON, no fields,
cut off, wrong keys, wrong type, not an option.
"""

import json
import re
from functools import cache
from typing import Any

import dspy
from pydantic import TypeAdapter, ValidationError

from ..errors import Unreadable
from .fields import choices, item_names, unannotated
from .language import COMPLETED, header


def read_json(signature: type[dspy.Signature], text: str) -> dict[str, Any]:
    """One JSON object, exactly the signature's keys, each of its type.

    Of an answer for each item only the object is held to its type: an item that is missing or
    answered with no option is that item's own loss (rows.py).
    """
    bare = text.strip()
    try:
        content = json.loads(bare, object_pairs_hook=_no_twice)
    except ValueError:
        raise Unreadable(_kind(bare), text) from None
    if not isinstance(content, dict) or set(content) != set(signature.output_fields):
        raise Unreadable("wrong keys", text)
    return {name: _typed(signature, name, content[name], text) for name in signature.output_fields}


def read_headed(signature: type[dspy.Signature], text: str) -> dict[str, Any]:
    """Each field under its header, in order, and the closing marker: as dspy.ChatAdapter writes."""
    found = _sections(signature).fullmatch(text.strip())  # type: ignore[arg-type]
    if not found:
        raise Unreadable(_headed_kind(signature, text.strip()), text)
    fields: dict[str, Any] = {}
    for name, written in found.groupdict().items():
        field = signature.output_fields[name]
        values = choices(field.annotation, list(field.metadata))
        if unannotated(field.annotation, field.metadata)[0] is str:
            fields[name] = written
        elif values is not None:
            known = {str(value): value for value in values}
            if written not in known:
                raise Unreadable("not an option", text)
            fields[name] = known[written]
        else:
            try:
                content = json.loads(written, object_pairs_hook=_no_twice)
            except ValueError:
                raise Unreadable("wrong type", text) from None
            fields[name] = _typed(signature, name, content, text)
    return fields


def _typed(signature: type[dspy.Signature], name: str, content: Any, text: str) -> Any:
    try:
        return _checkers(signature)[name].validate_python(content, strict=True)  # type: ignore[arg-type]
    except ValidationError:
        field = signature.output_fields[name]
        chosen = choices(field.annotation, list(field.metadata))
        raise Unreadable("not an option" if chosen else "wrong type", text) from None


@cache
def _checkers(signature: type[dspy.Signature]) -> dict[str, TypeAdapter[Any]]:
    return {
        name: TypeAdapter(dict[str, Any] if item_names(field.annotation) else field.annotation)
        for name, field in signature.output_fields.items()
    }


@cache
def _sections(signature: type[dspy.Signature]) -> re.Pattern[str]:
    bodies = (f"{re.escape(header(name))}\n(?P<{name}>.*?)\n+" for name in signature.output_fields)
    return re.compile("".join(bodies) + re.escape(COMPLETED), re.DOTALL)


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


def _headed_kind(signature: type[dspy.Signature], text: str) -> str:
    if not text:
        return "empty"
    wanted = [header(name) for name in signature.output_fields] + [COMPLETED]
    found = [line.strip() for line in text.splitlines() if line.strip() in wanted]
    if not found:
        return "no fields"
    if found == wanted:
        return "prose around"
    return "cut off" if found == wanted[: len(found)] else "wrong keys"


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
