"""The finite language: every text of it reads, none is longer than its bound."""

import json
import re
from typing import Literal

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from vad.constraints.language import language
from vad.constraints.parser import read_json
from vad.errors import Unreadable


class Inner(BaseModel):
    weight: int = Field(ge=-3, le=12)
    note: str = Field(max_length=5)


class Everything(dspy.Signature):
    """Every type that can be made finite."""

    question: str = dspy.InputField()
    reasoning: str = dspy.OutputField(max_length=30)
    sure: bool = dspy.OutputField()
    rating: int = dspy.OutputField(ge=1, le=10)
    letter: Literal["A", "B", "né"] = dspy.OutputField()
    answers: list[Literal[1, 2, 3, 4]] = dspy.OutputField(min_length=2, max_length=5)
    notes: list[bool] = dspy.OutputField(max_length=2)
    inner: Inner = dspy.OutputField()
    perhaps: int | None = dspy.OutputField(ge=0, le=2)


HELD = language(Everything)


@settings(max_examples=200)
@given(st.from_regex(re.compile(HELD.regex), fullmatch=True))
def test_every_text_of_the_language_is_strict_json_within_the_bound(text: str) -> None:
    assert len(text.encode()) < HELD.max_tokens
    fields = read_json(Everything, text)
    assert list(json.loads(text)) == list(Everything.output_fields)
    assert fields["sure"] in (True, False)
    assert 2 <= len(fields["answers"]) <= 5


def test_the_longest_text_is_in_the_language_and_the_budget_is_its_bytes_plus_one() -> None:
    assert re.fullmatch(HELD.regex, HELD.longest)
    assert HELD.max_tokens == len(HELD.longest.encode()) + 1
    assert '"né"' in HELD.longest


def test_the_published_answer_is_a_json_letter_after_a_bounded_reasoning() -> None:
    class Choose(dspy.Signature):
        """."""

        reasoning: str = dspy.OutputField(max_length=400)
        action: Literal["A", "B", "C", "D", "E", "F"] = dspy.OutputField()

    held = language(Choose)
    assert re.fullmatch(held.regex, '{"reasoning": "It matters.", "action": "C"}')
    assert not re.fullmatch(held.regex, '{"reasoning": "It matters.","action": "C"}')
    assert not re.fullmatch(held.regex, '{"reasoning": "It matters.", "action": "G"}')
    assert held.max_tokens == len('{"reasoning": "", "action": "C"}') + 400 + 1


GOOD = '{"reasoning": "Because.", "action": "B"}'


class Choose(dspy.Signature):
    """."""

    reasoning: str = dspy.OutputField(max_length=40)
    action: Literal["A", "B"] = dspy.OutputField()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        (f"```json\n{GOOD}\n```", "fenced"),
        (f"Sure! {GOOD}", "prose around"),
        (f"{GOOD} I hope this is of use.", "prose around"),
        ("I would take B.", "no JSON"),
        ('{"reasoning": "and so on and so on', "cut off"),
        ("{'reasoning': 'x', 'action': 'B'}", "not JSON"),
        ('{"action": "B"}', "wrong keys"),
        ('{"reasoning": "x", "action": "B", "more": 1}', "wrong keys"),
        ('{"reasoning": "x", "action": "A", "action": "B"}', "not JSON"),
        ('{"reasoning": "x", "action": "G"}', "not an option"),
        ('{"reasoning": "x", "action": "b"}', "not an option"),
        ('{"reasoning": 3, "action": "B"}', "wrong type"),
    ],
)
def test_what_cannot_be_read_is_told_by_kind_and_never_repaired(text: str, kind: str) -> None:
    with pytest.raises(Unreadable) as told:
        read_json(Choose, text)
    assert told.value.kind == kind
    assert told.value.text == text
