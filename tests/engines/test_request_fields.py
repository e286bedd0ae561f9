"""Schemas in the keywords that every provider takes: nothing that was an answer stops being one."""

from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ConfigDict, Field, create_model

from vad.engines.request_fields import PLAIN, plain_schema

REFUSED = ("maxLength", "minLength", "minItems", "maxItems", "minimum", "maximum", "const")

KINDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": (str, st.text(min_size=1, max_size=5)),
    "choice": (Literal["A", "B"], st.sampled_from("AB")),
    "one": (Literal["only"], st.just("only")),
    "whole": (int, st.integers(0, 9)),
    "yes": (bool, st.booleans()),
    "some": (list[int], st.lists(st.integers(), min_size=1, max_size=3)),
    "either": (int | str, st.integers() | st.text()),
    "pair": (tuple[int, str], st.tuples(st.integers(), st.text()).map(list)),
}
BOUNDS: dict[str, Any] = {
    "text": Field(min_length=1, max_length=5),
    "whole": Field(ge=0, le=9),
    "some": Field(min_length=1, max_length=3),
}
NAMES = st.sampled_from(["reasoning", "maxLength", "type", "items", "$ref", "properties", "x"])


@settings(deadline=None)
@given(st.data(), st.dictionaries(NAMES, st.sampled_from([*KINDS]), min_size=1), st.booleans())
def test_a_plain_schema_holds_all_that_the_full_one_does_and_no_keyword_that_is_refused(
    data: st.DataObject, fields: dict[str, str], nested: bool
) -> None:
    named = {f"f{n}": (name, kind) for n, (name, kind) in enumerate(fields.items())}
    own: dict[str, Any] = {
        key: (KINDS[kind][0], Field(alias=name) if kind not in BOUNDS else BOUNDS[kind])
        for key, (name, kind) in named.items()
    }
    made = create_model("Answer", __config__=ConfigDict(extra="forbid"), **own)
    if nested:
        made = create_model("Outer", __config__=ConfigDict(extra="forbid"), inner=(made, ...))
    full = made.model_json_schema()
    answer = {
        key if kind in BOUNDS else name: data.draw(KINDS[kind][1])
        for key, (name, kind) in named.items()
    }
    given_answer = {"inner": answer} if nested else answer
    Draft202012Validator(full).validate(given_answer)
    plain = plain_schema(full)
    Draft202012Validator(plain).validate(given_answer)
    for schema in schemas(plain):
        assert set(schema) <= set(PLAIN)
        assert not set(schema) & set(REFUSED)
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False
            assert schema["required"] == [*schema["properties"]]


def schemas(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema and all within it; the names of properties are no keywords."""
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(each for one in inner for each in schemas(one))]
