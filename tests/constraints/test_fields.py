"""Every type that can be made finite: its texts read back to their values, and none is too long."""

import importlib
import json
import re
from typing import Annotated, Any, Literal, Optional

import dspy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, create_model, field_validator

from vad import Unicode
from vad.constraints.choices import choices
from vad.constraints.language import Language, language
from vad.errors import StudyError, Unreadable
from vad.tools.stress.independent_parser import parse_independently

code: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

ASCII = "".join(map(chr, range(32, 127))).replace('"', "").replace("\\", "")
SCRIPTS = ASCII + "éßñΩЖשعअ한字界、\u00a0\uffef"


class Kind:
    """A type with what bounds it, and a strategy for its values as JSON has them."""

    def __init__(self, annotation: Any, bounds: dict[str, Any], values: Any) -> None:
        self.annotation, self.bounds, self.values = annotation, bounds, values

    @property
    def inside(self) -> Any:
        """As it stands inside another type."""
        return Annotated[self.annotation, Field(**self.bounds)] if self.bounds else self.annotation


@st.composite
def texts(draw: Any) -> Kind:
    least, more = draw(st.integers(0, 4)), draw(st.integers(0, 8))
    kind, alphabet = draw(st.sampled_from([(str, ASCII), (Unicode, SCRIPTS)]))
    bounds = {"min_length": least, "max_length": max(1, least + more)}
    values = st.text(st.sampled_from(alphabet), min_size=least, max_size=bounds["max_length"])
    return Kind(kind, bounds, values)


@st.composite
def numbers(draw: Any) -> Kind:
    low, more = draw(st.integers(-30, 30)), draw(st.integers(0, 130))
    return Kind(int, {"ge": low, "lt": low + more + 1}, st.integers(low, low + more))


@st.composite
def literals(draw: Any) -> Kind:
    said = st.one_of(st.text(max_size=6), st.integers(-5, 12), st.booleans(), st.none())
    values = draw(st.lists(said, min_size=1, max_size=6, unique_by=lambda one: (type(one), one)))
    return Kind(Literal[tuple(values)], {}, st.sampled_from(values))


def lists(of: Any) -> Any:
    @st.composite
    def build(draw: Any) -> Kind:
        item = draw(of)
        least, more = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        bounds = {"min_length": least, "max_length": max(1, least + more)}
        values = st.lists(item.values, min_size=least, max_size=bounds["max_length"])
        return Kind(list.__class_getitem__(item.inside), bounds, values)

    return build()


def perhaps(of: Any) -> Any:
    return of.map(lambda one: Kind(Optional[one.inside], {}, st.none() | one.values))  # noqa: UP045


def models(of: Any) -> Any:
    @st.composite
    def build(draw: Any) -> Kind:
        fields = draw(st.dictionaries(st.sampled_from(["one", "zwei", "três"]), of, min_size=1))
        made: dict[str, Any] = {key: (one.inside, ...) for key, one in fields.items()}
        model = create_model("Inner", **made)
        values = st.fixed_dictionaries({key: one.values for key, one in fields.items()})
        return Kind(model, {}, values.map(lambda made: {key: made[key] for key in fields}))

    return build()


KINDS = st.recursive(
    st.one_of(texts(), numbers(), literals(), st.just(Kind(bool, {}, st.booleans()))),
    lambda of: st.one_of(lists(of), perhaps(of), models(of)),
    max_leaves=5,
)


@st.composite
def signatures(draw: Any) -> tuple[type[dspy.Signature], dict[str, Any]]:
    """A random signature, and a random value for each of its output fields."""
    fields = draw(st.dictionaries(st.sampled_from(["a", "b", "réponse"]), KINDS, min_size=1))
    made: dict[str, Any] = {"question": (str, dspy.InputField())}
    made |= {k: (one.annotation, dspy.OutputField(**one.bounds)) for k, one in fields.items()}
    return dspy.Signature(made, "."), {key: draw(one.values) for key, one in fields.items()}


def widest(tree: Any) -> int:
    """The most bytes a text of an expression has, from its parse tree alone."""
    total = 0
    for kind, said in tree:
        if kind is code.LITERAL:
            total += len(chr(said).encode())
        elif kind is code.IN:
            total += max(
                len(chr(one[-1] if isinstance(one, tuple) else one).encode()) for _, one in said
            )
        elif kind is code.SUBPATTERN:
            total += widest(said[-1])
        elif kind is code.BRANCH:
            total += max(map(widest, said[1]))
        elif kind is code.MAX_REPEAT:
            assert said[1] is not code.MAXREPEAT, "an expression without end"
            total += said[1] * widest(said[2])
        else:
            raise AssertionError(f"{kind} in an expression")
    return total


def plain_values(fields: Any) -> Any:
    """Models as the objects they were written as."""
    if isinstance(fields, BaseModel):
        return {key: plain_values(getattr(fields, key)) for key in type(fields).model_fields}
    if isinstance(fields, list):
        return [plain_values(one) for one in fields]
    if isinstance(fields, dict):
        return {key: plain_values(one) for key, one in fields.items()}
    return fields


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signatures())
def test_a_random_member_of_a_random_signatures_language_reads_back_to_its_values(
    case: tuple[type[dspy.Signature], dict[str, Any]],
) -> None:
    signature, values = case
    held = language(signature)
    text = json.dumps(values, ensure_ascii=False)
    assert re.fullmatch(held.regex, text), "a value whose text the constraint forbids"
    found = plain_values(parse_independently(signature, text))
    assert found == values
    assert json.dumps(found) == json.dumps(values), "true is not 1"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signatures())
def test_the_bound_is_the_bytes_of_the_longest_text_and_that_text_is_in_the_language(
    case: tuple[type[dspy.Signature], dict[str, Any]],
) -> None:
    held = language(case[0])
    assert re.fullmatch(held.regex, held.longest)
    assert len(held.longest.encode()) == widest(parser.parse(held.regex)) == held.max_tokens - 1
    parse_independently(case[0], held.longest)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(signatures(), st.data())
def test_whatever_the_expression_lets_through_the_independent_parser_reads(
    case: tuple[type[dspy.Signature], dict[str, Any]], data: Any
) -> None:
    held = language(case[0])
    text = data.draw(st.from_regex(re.compile(held.regex), fullmatch=True))
    parse_independently(case[0], text)
    assert len(text.encode()) < held.max_tokens


class Choose(dspy.Signature):
    """."""

    reasoning: str = dspy.OutputField(max_length=8)
    action: Literal["A", "B"] = dspy.OutputField()


@pytest.mark.parametrize(
    "text",
    [
        '{"reasoning": "x", "action": "C"}',
        '{"reasoning": "x", "action": "A"} ',
        '{"reasoning":"x", "action": "A"}',
        '{"reasoning": "x", "action": "A", "action": "A"}',
        '{"action": "A", "reasoning": "x"}',
        '{"reasoning": "123456789", "action": "A"}',
        '{"reasoning": "\\u0041", "action": "A"}',
        '{"reasoning": NaN, "action": "A"}',
        '{"reasoning": "x", "action": "A"',
        "",
    ],
)
def test_the_independent_parser_reads_nothing_that_is_not_exactly_the_answer(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_independently(Choose, text)


def one_field(annotation: Any, **bounds: Any) -> Language:
    fields = {"q": (str, dspy.InputField()), "a": (annotation, dspy.OutputField(**bounds))}
    return language(dspy.Signature(fields, "."))


def test_fifty_six_answers_in_one_response_are_one_finite_text() -> None:
    names = tuple(f"value {place}" for place in range(56))
    held = one_field(dict[Literal[names], Literal[1, 2, 3, 4]])  # type: ignore[valid-type]
    text = json.dumps({"a": dict.fromkeys(names, 3)})
    assert re.fullmatch(held.regex, text)
    assert not re.fullmatch(held.regex, json.dumps({"a": dict.fromkeys(names[:55], 3)}))
    assert held.max_tokens == len(text) + 1


def test_a_list_of_fixed_length_has_just_that_length() -> None:
    held = one_field(list[Literal[1, 2]], min_length=3, max_length=3)
    assert re.fullmatch(held.regex, '{"a": [1, 2, 1]}')
    assert not re.fullmatch(held.regex, '{"a": [1, 2]}')
    assert not re.fullmatch(held.regex, '{"a": [1, 2, 1, 2]}')


def test_a_text_in_any_script_is_budgeted_in_bytes_and_a_plain_one_stays_ascii() -> None:
    any_script, ascii_only = one_field(Unicode, max_length=10), one_field(str, max_length=10)
    assert any_script.max_tokens == len('{"a": ""}') + 3 * 10 + 1
    assert ascii_only.max_tokens == len('{"a": ""}') + 10 + 1
    for said in ("größer", "それは善い", "добро", "خير", "ठीक है"):
        assert re.fullmatch(any_script.regex, f'{{"a": "{said}"}}')
        assert not re.fullmatch(ascii_only.regex, f'{{"a": "{said}"}}')
    for no in ("\u2028", "\x85", "\ufffd", "\ud800", "\u202e", "\n", '"', "\\"):
        assert not re.fullmatch(any_script.regex, f'{{"a": "{no}"}}')


def test_a_bounded_int_keeps_every_bound_that_is_put_on_it() -> None:
    assert choices(int, [*one_field_metadata(gt=0, lt=10, multiple_of=4)]) == [4, 8]
    assert choices(int, [*one_field_metadata(ge=1)]) is None
    assert choices(Annotated[int, Field(ge=-1, le=1)], []) == [-1, 0, 1]


def one_field_metadata(**bounds: Any) -> list[Any]:
    fields = {"q": (str, dspy.InputField()), "a": (int, dspy.OutputField(**bounds))}
    return list(dspy.Signature(fields, ".").output_fields["a"].metadata)


class Checked(BaseModel):
    note: str = Field(max_length=5)

    @field_validator("note")
    @classmethod
    def _no_x(cls, note: str) -> str:
        if "x" in note:
            raise ValueError("x")
        return note


class Renamed(BaseModel):
    note: str = Field(max_length=5, alias="n")


class Stripped(BaseModel, str_strip_whitespace=True):
    note: str = Field(max_length=5)


class Endless(BaseModel):
    note: str


class Tree(BaseModel):
    left: "Tree | None"


@pytest.mark.parametrize(
    ("annotation", "bounds", "told"),
    [
        (str, {}, "write: a: str = dspy.OutputField(max_length=400)"),
        (int, {"ge": 0}, "write: a: int = dspy.OutputField(ge=1, le=10)"),
        (int, {"ge": 0, "le": 10**12}, "more than 10000 values"),
        (int, {"ge": 3, "le": 2}, "has 0 values"),
        (float, {}, "write: a: float = dspy.OutputField(ge=0, le=1, multiple_of=0.05)"),
        (list[bool], {}, "dspy.OutputField(min_length=1, max_length=10)"),
        (list[str], {"max_length": 3}, "write: Annotated[str, Field(max_length=400)]"),
        (list[int], {"max_length": 3}, "write: Annotated[int, Field(ge=1, le=10)]"),
        (tuple[bool, ...], {}, "a: tuple[Literal[1, 2, 3], bool] = dspy.OutputField()"),
        (dict, {}, 'a: dict[Literal["first", "second"]'),
        (dict[str, int], {}, 'a: dict[Literal["first", "second"]'),
        (bytes, {}, "the type bytes"),
        (str, {"max_length": 3, "pattern": "a+"}, "pattern"),
        (Annotated[bool, AfterValidator(bool)], {}, "AfterValidator"),
        (Literal[b"x"], {}, "which JSON cannot write"),
        (str, {"min_length": 5, "max_length": 3}, "at least 5 and at most 3 characters"),
        (Checked, {}, "_no_x"),
        (Renamed, {}, "alias of note"),
        (Stripped, {}, "str_strip_whitespace"),
        (Endless, {}, "write: note: str = Field(max_length=400)"),
        (Tree, {}, "Tree within a Tree"),
    ],
)
def test_what_cannot_be_made_finite_is_refused_with_what_to_write(
    annotation: Any, bounds: dict[str, Any], told: str
) -> None:
    with pytest.raises(StudyError) as error:
        one_field(annotation, **bounds)
    assert told in str(error.value)
