"""Every finite type: its texts read back to typed values, and are written the same again."""

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal

import dspy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

import vad
from vad.constraints.language import answer_schema, language, output_format, variants
from vad.constraints.parser import read_headed, read_json
from vad.constraints.values import as_json
from vad.errors import StudyError, Unreadable
from vad.tools.stress.independent_parser import parse_independently

READERS = {"plain": read_json, "json": read_json, "chat": read_headed}


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(StrEnum):
    LOW = "low"
    HIGH = "high"


class Grade(IntEnum):
    ONE = 1
    TWO = 2


class Consideration(BaseModel):
    text: str = Field(max_length=8, description="one consideration")
    colour: Colour | None
    weight: float = Field(ge=0, le=1, multiple_of=0.25)


class Looked(TypedDict):
    word: Annotated[str, Field(max_length=4)]
    times: Literal[1, 2]


JANUARY = {"ge": date(2026, 1, 30), "lt": date(2026, 3, 2)}
TYPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "colour": (Colour, {}),
    "level": (Level, {}),
    "grade": (Grade, {}),
    "perhaps": (Literal["A", "B"] | None, {}),
    "share": (Literal[0.0, 0.25, 1.0], {}),
    "step": (float, {"gt": 0, "le": 1, "multiple_of": 0.1}),
    "many": (int, {"ge": 0, "le": 30_000, "multiple_of": 500}),
    "day": (date, JANUARY),
    "pair": (tuple[bool, Annotated[int, Field(ge=1, le=3)]], {}),
    "few": (tuple[Level, ...], {"max_length": 2}),
    "ranking": (vad.Permutation[Literal["x", "y", "z"]], {}),
    "ranked": (vad.Permutation[Colour], {}),
    "code": (str, {"pattern": r"^[A-Z]{3}-\d{2}(é|x)?$"}),
    "thought": (dspy.Reasoning, {"max_length": 6}),
    "shares": (dict[Colour, Annotated[int, Field(ge=0, le=2)]], {}),
    "looked": (Looked, {}),
    "inner": (Consideration, {}),
    "list_of": (list[Consideration], {"min_length": 1, "max_length": 2}),
    "either": (Consideration | Looked | None, {}),
}


def signature(**types: tuple[Any, dict[str, Any]]) -> type[dspy.Signature]:
    made: dict[str, Any] = {"question": (str, dspy.InputField())}
    made |= {name: (kind, dspy.OutputField(**said)) for name, (kind, said) in types.items()}
    return dspy.Signature(made, "Say.")  # type: ignore[no-any-return]


ONE_BY_ONE = {name: signature(**{name: said}) for name, said in TYPES.items()}


@pytest.mark.parametrize("written", ["plain", "chat", "json"])
@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_random_text_of_a_type_is_read_back_and_written_the_same(
    name: str, written: Any, data: Any
) -> None:
    asked = ONE_BY_ONE[name]
    held = language(asked, written)
    text = data.draw(st.from_regex(re.compile(held.regex, re.ASCII), fullmatch=True))
    assert len(text.encode()) < held.max_tokens
    fields = READERS[written](asked, text)
    plain = as_json(fields)
    assert re.fullmatch(language(asked).regex, plain)
    assert read_json(asked, plain) == fields
    if written == "plain":
        assert plain == text
    parse_independently(asked, plain)


@pytest.mark.parametrize("written", ["plain", "chat", "json"])
@pytest.mark.parametrize("name", TYPES)
def test_the_longest_text_and_each_a_dry_run_tries_is_of_the_language(
    name: str, written: Any
) -> None:
    held = language(ONE_BY_ONE[name], written)
    for text in (held.longest, *variants(ONE_BY_ONE[name], written)):
        assert re.fullmatch(held.regex, text)
        assert len(text.encode()) <= len(held.longest.encode())
        READERS[written](ONE_BY_ONE[name], text)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("colour", '"red"', Colour.RED),
        ("level", '"low"', Level.LOW),
        ("grade", "2", Grade.TWO),
        ("perhaps", "null", None),
        ("share", "0.25", 0.25),
        ("step", "0.3", 0.3),
        ("step", "1", 1.0),
        ("many", "30000", 30000),
        ("day", '"2026-02-28"', date(2026, 2, 28)),
        ("pair", "[true, 3]", (True, 3)),
        ("few", '["high"]', (Level.HIGH,)),
        ("ranking", '["z", "x", "y"]', ["z", "x", "y"]),
        ("ranked", '["blue", "red"]', [Colour.BLUE, Colour.RED]),
        ("code", '"ABC-01é"', "ABC-01é"),
        ("thought", '"So."', dspy.Reasoning(content="So.")),
        ("shares", '{"red": 0, "blue": 2}', {Colour.RED: 0, Colour.BLUE: 2}),
        ("looked", '{"word": "duty", "times": 1}', {"word": "duty", "times": 1}),
        (
            "inner",
            '{"text": "x", "colour": "red", "weight": 0.75}',
            Consideration(text="x", colour=Colour.RED, weight=0.75),
        ),
    ],
)
def test_an_answer_is_the_typed_value(name: str, text: str, value: Any) -> None:
    found = read_json(ONE_BY_ONE[name], f'{{"{name}": {text}}}')[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("many", "30500", "out of bounds"),
        ("many", "250", "out of bounds"),
        ("many", "0.0", "wrong type"),
        ("many", "true", "wrong type"),
        ("step", "0.0", "out of bounds"),
        ("step", "0.35", "out of bounds"),
        ("day", '"2026-03-02"', "out of bounds"),
        ("day", '"soon"', "wrong type"),
        ("colour", '"RED"', "not an option"),
        ("grade", "true", "not an option"),
        ("share", '"0.25"', "not an option"),
        ("thought", '"longer than six"', "out of bounds"),
        ("code", '"xABC-01"', "out of bounds"),
        ("ranking", '["x", "x", "y"]', "out of bounds"),
        ("ranking", '["x", "y"]', "out of bounds"),
        ("pair", "[true]", "out of bounds"),
        ("shares", '{"red": 1}', "wrong keys"),
        ("shares", '{"red": 1, "blue": 3}', "out of bounds"),
        ("inner", '{"text": "x", "weight": 0.75}', "wrong keys"),
        ("inner", '{"text": "x", "colour": null, "weight": 0.7}', "out of bounds"),
    ],
)
def test_an_answer_out_of_bounds_is_unreadable_by_its_kind(name: str, text: str, kind: str) -> None:
    with pytest.raises(Unreadable) as told:
        read_json(ONE_BY_ONE[name], f'{{"{name}": {text}}}')
    assert told.value.kind == kind
    bare = json.loads(text) if name in ("thought", "code", "day") else text
    with pytest.raises(Unreadable) as told:
        read_headed(ONE_BY_ONE[name], f"[[ ## {name} ## ]]\n{bare}\n\n[[ ## completed ## ]]")
    assert told.value.kind == kind or (name, kind) == ("colour", "not an option")


@settings(max_examples=40, deadline=None)
@given(st.integers(-50, 50), st.integers(0, 40), st.sampled_from(["0.1", "0.05", "0.3", "1e-06"]))
def test_a_stepped_floats_texts_are_the_exact_decimals(low: int, more: int, step: str) -> None:
    least, most = low * Decimal(step), (low + more) * Decimal(step)
    asked = signature(
        a=(float, {"ge": float(least), "le": float(most), "multiple_of": float(step)})
    )
    held = language(asked)
    for place in range(low, low + more + 1):
        value = float(place * Decimal(step))
        assert re.fullmatch(held.regex, f'{{"a": {json.dumps(value)}}}')
        assert read_json(asked, f'{{"a": {value!r}}}') == {"a": value}


def test_every_day_between_two_dates_and_no_other_is_in_the_language() -> None:
    held = language(ONE_BY_ONE["day"])
    for days in range(-3, 40):
        day = JANUARY["ge"] + timedelta(days)
        inside = JANUARY["ge"] <= day < JANUARY["lt"]
        assert bool(re.fullmatch(held.regex, f'{{"day": "{day}"}}')) == inside


def test_a_schema_for_providers_says_the_same_as_the_language() -> None:
    asked = signature(**{name: TYPES[name] for name in ("colour", "many", "ranking", "thought")})
    assert answer_schema(asked)["properties"] == {
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "many": {"type": "integer", "minimum": 0, "maximum": 30_000, "multipleOf": 500},
        "ranking": {
            "type": "array",
            "items": {"type": "string", "enum": ["x", "y", "z"]},
            "minItems": 3,
            "maxItems": 3,
            "uniqueItems": True,
        },
        "thought": {"type": "string", "maxLength": 6},
    }
    assert answer_schema(asked)["additionalProperties"] is False


def test_the_plain_manner_shows_keys_ranges_and_options() -> None:
    names = ("colour", "perhaps", "step", "day", "pair", "ranking", "code", "inner", "list_of")
    shown = output_format(signature(**{name: TYPES[name] for name in names}))
    inner = (
        '{"text": "<one consideration>", "colour": "<red or blue>" or null, '
        '"weight": <0.0, 0.25, 0.5, 0.75 or 1.0>}'
    )
    assert shown == (
        '{"colour": "<red or blue>", "perhaps": "<A or B>" or null, '
        '"step": <0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9 or 1.0>, '
        '"day": "<2026-01-30 to 2026-03-01>", "pair": [<true or false>, <1, 2 or 3>], '
        '"ranking": ["<x, y or z>", ...] <each of the 3 once, in order>, '
        r'"code": "<in the form ^[A-Z]{3}-\d{2}(é|x)?$>", '
        f'"inner": {inner}, "list_of": [{inner}, ...] <1 to 2 entries>}}'
    )


@pytest.mark.parametrize(
    ("annotation", "said", "told"),
    [
        (date, {}, "write: a: date = dspy.OutputField(ge=date(2026, 1, 1)"),
        (date, {"ge": date(1900, 1, 1), "le": date(2000, 1, 1)}, "bounds nearer to each other"),
        (float, {"ge": 0, "le": 1}, "multiple_of=0.05"),
        (float, {"ge": 0, "le": 1, "multiple_of": 1e-6}, "a coarser multiple_of"),
        (Literal[float("nan")], {}, "which JSON cannot write"),
        (str, {"pattern": "[a-z]+"}, "a repetition in it has no end"),
        (str, {"pattern": r"a\bb"}, "an anchor within it"),
        (str, {"pattern": 'a"b'}, "JSON escapes"),
        (str, {"pattern": "[a-z]{5}", "max_length": 3}, "5 to 5 characters"),
        (vad.Permutation[Literal["a", "b", "c", "d", "e", "f", "g", "h"]], {}, "a ranking of 8"),
        (tuple[int, int], {}, "Annotated[int, Field(ge=1, le=10)]"),
        (dspy.Reasoning, {}, "dspy.Reasoning = dspy.OutputField(max_length=400)"),
        (TypedDict("Open", {"a": bool}, total=False), {}, "may be left out"),  # type: ignore[operator]
    ],
)
def test_what_stays_refused_is_refused_with_the_true_reason(
    annotation: Any, said: dict[str, Any], told: str
) -> None:
    with pytest.raises(StudyError) as error:
        language(signature(a=(annotation, said)))
    assert told in str(error.value)


def test_values_that_read_alike_without_quotes_are_refused_where_they_are_written_so() -> None:
    asked = signature(a=(Literal["1", 1], {}))
    language(asked, "plain")
    with pytest.raises(StudyError, match="read alike"):
        language(asked, "chat")
