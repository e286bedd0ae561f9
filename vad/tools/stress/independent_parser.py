"""The independent parser: a second strict reader, which knows nothing of any constraint.

It shares no code with the language builder (fields.py, language.py) nor with the reader of runs:
the standard library parses, pydantic checks types and bounds as the signature declares them, and
the object written anew has to be the text, byte for byte. So a fault of the builder is not repeated
in what looks for it.
"""

import json
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

import dspy
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from ...errors import Unreadable


def parse_independently(signature: type[dspy.Signature], text: str) -> dict[str, Any]:
    """The typed fields of one answer to a signature.

    Raises Unreadable, its kind in words, for a text that is not one JSON object as `json.dumps`
    would write it, whose keys are not the signature's in order, or with a value out of bounds.
    """
    try:
        content = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}", text) from None
    if json.dumps(content, ensure_ascii=False) != text:
        raise Unreadable("written in another way", text)
    if not isinstance(content, dict) or list(content) != list(signature.output_fields):
        raise Unreadable("other keys", text)
    fields = {}
    for name, (kind, checker) in _checkers(signature).items():  # type: ignore[arg-type]
        try:
            value = checker.validate_json(json.dumps(content[name]), strict=True)
            # To pydantic true is the Literal 1, and 1.0 is; written anew it has to be the text.
            if json.dumps(to_jsonable_python(value)) != json.dumps(content[name]):
                raise Unreadable(f"{name}: of another type", text)
            fields[name] = value
        except ValidationError as error:
            raise Unreadable(f"{name}: {error.errors()[0]['msg']}", text) from None
        if get_origin(kind) is dict and list(content[name]) != list(_keys(kind)):
            raise Unreadable(f"{name}: other keys", text)
    return fields


@cache
def _checkers(signature: type[dspy.Signature]) -> dict[str, tuple[Any, TypeAdapter[Any]]]:
    found = {}
    for name, field in signature.output_fields.items():
        kind: Any = field.annotation
        told: Any = Annotated[kind, *field.metadata] if field.metadata else kind
        found[name] = kind, TypeAdapter(told)
    return found


def _keys(kind: Any) -> tuple[Any, ...]:
    keys = get_args(kind)[0]
    if isinstance(keys, type) and issubclass(keys, Enum):
        return tuple(str(one.value) for one in keys)
    return tuple(map(str, get_args(keys))) if get_origin(keys) is Literal else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")
