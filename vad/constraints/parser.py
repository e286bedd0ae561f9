"""Read: an answer's text -> typed fields, strictly. Nothing is repaired, nothing falls back.

Raises Unreadable with one of the kinds: empty, fenced, thinking, prose around, no JSON, not JSON,
no fields, cut off, wrong keys, wrong type, not an option, out of bounds.
"""

import json
import re
from functools import cache
from typing import Any

import dspy

from ..errors import Unreadable
from .choices import choice_data, choice_text, choices
from .field_language import FieldLanguage, NotRead
from .language import COMPLETED, bare_fields_of, fields_of, header
from .metadata import unannotated
from .texts import is_text

THOUGHT = re.compile(r"<\|?(think|thinking|thought|reasoning|reason|channel)\b|\[THINK\]", re.I)
"""What models open a thought with."""


def read_json(signature: type[dspy.Signature], text: str) -> dict[str, Any]:
    """One JSON object, exactly the signature's keys, each of its type and within its bounds.

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
    fields = fields_of(signature)  # type: ignore[arg-type]
    return {name: _read(one, content[name], text) for name, one in fields.items()}


def read_headed(signature: type[dspy.Signature], text: str) -> dict[str, Any]:
    """Each field under its header, in order, and the closing marker: as dspy.ChatAdapter writes."""
    found = _sections(signature).fullmatch(text.strip())  # type: ignore[arg-type]
    if not found:
        raise Unreadable(_headed_kind(signature, text.strip()), text)
    fields = bare_fields_of(signature)  # type: ignore[arg-type]
    written = found.groupdict()
    return {
        name: _read(one, _content(signature, name, written[name], text), text)
        for name, one in fields.items()
    }


def _read(field: FieldLanguage, content: Any, text: str) -> Any:
    try:
        return field.read(content)
    except NotRead as problem:
        raise Unreadable(str(problem), text) from None


def _content(signature: Any, name: str, written: str, text: str) -> Any:
    """What a field's bare text says, as JSON has it."""
    kind, known = _bare(signature)[name]
    if kind == "text":
        return written
    if written in known:
        return known[written]
    try:
        content = json.loads(written, object_pairs_hook=_no_twice)
    except ValueError:
        if kind == "other":
            raise Unreadable("wrong type", text) from None
        content = written
    if kind == "choice":
        # What is no number between bounds is written as the choice has it, or is none of it.
        _read(bare_fields_of(signature)[name], content, text)
        raise Unreadable("not an option", text)
    return content


@cache
def _bare(signature: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """By field: whether it is a text, a number, a choice or neither, and its values by texts."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, field in signature.output_fields.items():
        values = choices(field.annotation, field.metadata)
        if values is not None:
            known = {choice_text(value): choice_data(value) for value in values}
            ranged = unannotated(field.annotation, [])[0] in (int, float)
            found[name] = ("number" if ranged else "choice", known)
        elif is_text(unannotated(field.annotation, [])[0]):
            found[name] = ("text", {})
        else:
            found[name] = ("other", {})
    return found


@cache
def _sections(signature: type[dspy.Signature]) -> re.Pattern[str]:
    bodies = (f"{re.escape(header(name))}\n(?P<{name}>.*?)\n+" for name in signature.output_fields)
    return re.compile("".join(bodies) + re.escape(COMPLETED), re.DOTALL)


def _kind(text: str) -> str:
    if not text:
        return "empty"
    if text.startswith("```"):
        return "fenced"
    if THOUGHT.match(text):
        return "thinking"
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
