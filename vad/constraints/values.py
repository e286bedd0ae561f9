"""Values: what a program hands on - an input, an earlier answer, a demo - as data and as text."""

import json
from dataclasses import is_dataclass
from typing import Any

import dspy
from pydantic_core import PydanticSerializationError, to_jsonable_python

from ..errors import ProgramFault


def unfilled(value: Any) -> bool:
    """Whether a field was left empty: None or a text without a character; 0 and False are not."""
    return value is None or (isinstance(value, str) and not value)


def as_data(value: Any) -> Any:
    """A value as JSON has it: models and enums, dates and tuples, arrays and predictions too.

    Raises TypeError for what is no data, a function for example.
    """
    if isinstance(value, str | int | float) and type(value) in (str, int, float, bool):
        return value
    try:
        return to_jsonable_python(value, fallback=_unknown)
    except PydanticSerializationError as error:
        raise TypeError(str(error)) from error


def as_json(value: Any) -> str:
    """A value's JSON on one line."""
    return json.dumps(as_data(value), ensure_ascii=False)


def as_text(value: Any, name: str) -> str:
    """A value as it stands in a prompt: a text as it is, all else as JSON.

    name: of the field, for the ProgramFault that a value raises which is no data.
    """
    try:
        data = as_data(value)
    except TypeError:
        raise ProgramFault(
            f"the field {name}",
            f"is given a {type(value).__name__}, which no prompt of text can show",
            "hand over a text, a number, a list, a dict or a pydantic model",
        ) from None
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def kept(value: Any) -> Any:
    """A value as data, whatever it is: what is no data is named by its type, never by its repr."""
    try:
        return as_data(value)
    except TypeError:
        if isinstance(value, dict):
            return {str(key): kept(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [kept(one) for one in value]
        return f"<{type(value).__name__}>"


def _unknown(value: Any) -> Any:
    if isinstance(value, dspy.Example | dspy.Prediction):
        return dict(value.items())
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return value.tolist()
    if is_dataclass(value):
        return vars(value)
    raise TypeError(f"{type(value).__name__} is no data")
