"""A signature's output fields as a JSON schema, for providers that take no other constraint."""

from functools import cache
from typing import Annotated, Any, get_args

import dspy
from pydantic import ConfigDict, Field, create_model

from .fields import item_names

CLOSED = ConfigDict(extra="forbid")


@cache
def answer_schema(signature: type[dspy.Signature]) -> dict[str, Any]:
    """The schema of one answer: every field required, in the signature's order, no other key."""
    fields: dict[str, Any] = {}
    for name, field in signature.output_fields.items():
        kind = _each_named(field.annotation) if item_names(field.annotation) else field.annotation
        fields[name] = (Annotated[(kind, *field.metadata)] if field.metadata else kind, ...)
    schema: dict[str, Any] = create_model("Answer", __config__=CLOSED, **fields).model_json_schema()
    return schema


def _each_named(annotation: Any) -> Any:
    """`dict[Literal[...], X]` with its keys written out: providers know no schema for keys."""
    kind = get_args(annotation)[1]
    items: dict[str, Any] = {
        f"item_{place}": (kind, Field(alias=name))
        for place, name in enumerate(item_names(annotation))
    }
    return create_model("Items", __config__=CLOSED, **items)
