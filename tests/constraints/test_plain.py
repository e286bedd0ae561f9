"""What a program hands on - inputs, earlier turns, demos - as it stands in the prompt."""

import json
from datetime import date
from enum import Enum
from typing import Any, Literal

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import vad
from vad.constraints.adapter import AdapterSettings, make_adapter
from vad.constraints.bounds import with_own_bounds
from vad.constraints.inputs import INPUTS, INPUTS_BOTH
from vad.constraints.language import AdapterName, language
from vad.constraints.plain import BLOCKS, INSTRUCTION
from vad.constraints.values import as_json, kept
from vad.errors import ProgramFault, StudyError

WAYS: list[AdapterName] = ["plain", "chat", "json"]


class Colour(Enum):
    RED = "red"


class Item(BaseModel):
    text: str = Field(max_length=20)
    colour: Colour = Colour.RED
    weight: int = Field(ge=1, le=5)


class Choose(dspy.Signature):
    """Choose. Answer with one raw JSON object and
    nothing else."""

    scenario: str = dspy.InputField()
    given: Any = dspy.InputField()
    reasoning: str = dspy.OutputField(max_length=20)
    items: list[Item] = dspy.OutputField(max_length=2)
    action: Literal["A", "B"] | None = dspy.OutputField()


def messages(
    written: AdapterName, demos: list[dict[str, Any]] | None = None, **inputs: Any
) -> list[dict[str, str]]:
    return make_adapter(AdapterSettings(written)).format(Choose, demos or [], inputs)


VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.dates(),
        st.just(Colour.RED),
        st.builds(Item, text=st.just("so"), weight=st.integers(1, 5)),
    ),
    lambda of: st.one_of(
        st.lists(of, max_size=3),
        st.tuples(of, of),
        st.dictionaries(st.sampled_from(["one", "two"]), of, max_size=2),
    ),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_any_value_stands_in_the_plain_prompt_as_its_json(value: Any) -> None:
    (turn,) = messages("plain", scenario="There.", given=value)[1:]
    shown = turn["content"].split("\n\n")[1]
    assert shown.startswith("given: ")
    said = shown.removeprefix("given: ")
    assert said == (as_json(value).strip('"') if isinstance(value, date | Enum) else as_json(value))


@pytest.mark.parametrize("written", WAYS)
@pytest.mark.parametrize("value", [0, False, 0.0, [], {}, "0"])
def test_zero_false_and_an_empty_list_are_values(written: AdapterName, value: Any) -> None:
    content = messages(written, scenario="There.", given=value)[-1]["content"]
    assert "given" in content
    same = ("False", "false") if value is False else (json.dumps(value).strip('"'),)
    assert any(one in content.split("given", 1)[1] for one in same)


@pytest.mark.parametrize("written", WAYS)
@pytest.mark.parametrize("value", [None, ""])
def test_none_and_the_empty_text_are_left_out(written: AdapterName, value: Any) -> None:
    assert "given" not in str(messages(written, scenario="There.", given=value))


@pytest.mark.parametrize("written", WAYS)
def test_models_in_an_input_are_json_and_no_repr(written: AdapterName) -> None:
    content = messages(written, scenario="There.", given=[Item(text="x", weight=2)])[-1]["content"]
    assert '[{"text": "x", "colour": "red", "weight": 2}]' in content


def test_what_is_no_data_is_refused_by_the_fields_name() -> None:
    with pytest.raises(ProgramFault, match="the field given\n  is given a function"):
        messages("plain", scenario="There.", given=lambda: 1)


def test_a_demo_holds_its_nested_values_and_leaves_out_the_field_that_it_lacks() -> None:
    demo = {"scenario": "Here.", "items": [Item(text="x", weight=2)], "action": None}
    _, asked, answered, _ = messages("plain", [demo], scenario="There.", given=1)
    assert asked["content"].startswith("Here.\n\n{")
    assert answered["content"] == (
        '{"items": [{"text": "x", "colour": "red", "weight": 2}], "action": null}'
    )


def test_a_history_is_earlier_turns() -> None:
    asked = Choose.prepend("history", dspy.InputField(), dspy.History)
    earlier = [{"scenario": "Here.", "action": "B"}, {"given": 0, "action": "A"}]
    turns = make_adapter(AdapterSettings("plain")).format(
        asked, [], {"history": dspy.History(messages=earlier), "scenario": "There.", "given": 7}
    )
    assert [one["role"] for one in turns] == [
        "system", "user", "assistant", "user", "assistant", "user",
    ]  # fmt: skip
    assert turns[1]["content"].startswith("Here.\n\n{")
    assert turns[2]["content"] == '{"action": "B"}'
    assert turns[3]["content"].startswith("given: 0\n\n")
    assert turns[5]["content"].startswith("There.\n\ngiven: 7\n\n")
    assert "messages=" not in str(turns)


def test_a_history_that_holds_none_of_the_fields_is_refused() -> None:
    asked = Choose.prepend("history", dspy.InputField(), dspy.History)
    history = dspy.History(messages=[{"role": "user", "content": "Hello."}])
    with pytest.raises(ProgramFault, match="has the keys role, content"):
        make_adapter(AdapterSettings("plain")).format(asked, [], {"history": history})


def test_the_sentence_that_asks_for_json_is_the_plain_manners_own_and_stands_once() -> None:
    system = messages("plain", scenario="There.")[0]["content"]
    assert system == f"Choose. {INSTRUCTION}"
    for written in ("chat", "json"):
        assert "raw JSON" not in str(messages(written, scenario="There."))


def test_two_voices_are_told_apart_by_name_and_the_studys_own_blocks_stand_bare() -> None:
    class Judge(dspy.Signature):
        """Decide."""

        persona: str = dspy.InputField()
        scenario: str = dspy.InputField()
        first_voice: str = dspy.InputField(desc="speaks for duty")
        second_voice: str = dspy.InputField()
        options: str = dspy.InputField()
        action: Literal["A", "B"] = dspy.OutputField()

    inputs = {"persona": "I am.", "scenario": "It is.", "first_voice": "Stay.", "options": "A. x"}
    (_, turn) = make_adapter(AdapterSettings("plain")).format(
        Judge, [], inputs | {"second_voice": "Go."}
    )
    assert turn["content"].split("\n\n") == [
        "I am.",
        "It is.",
        "first_voice (speaks for duty): Stay.",
        "second_voice: Go.",
        "A. x",
        '{"action": "<A or B>"}',
    ]


def test_an_only_input_needs_no_name() -> None:
    asked = dspy.Signature("sentence: str -> label: bool", "Classify.")
    turn = make_adapter(AdapterSettings("plain")).format(asked, [], {"sentence": "So."})[1]
    assert turn["content"] == 'So.\n\n{"label": <true or false>}'


def test_what_the_engine_fills_stands_bare() -> None:
    assert {*INPUTS, *INPUTS_BOTH} == BLOCKS


def test_what_an_answer_holds_is_kept_as_data_and_never_as_a_repr() -> None:
    assert kept({"considered": [Item(text="x", weight=2)], "day": date(2026, 1, 2)}) == {
        "considered": [{"text": "x", "colour": "red", "weight": 2}],
        "day": "2026-01-02",
    }
    assert kept({"a": (Colour.RED, {1}), "b": lambda: 1}) == {"a": ["red", [1]], "b": "<function>"}
    assert kept(dspy.Prediction(a=dspy.Reasoning(content="x"))) == {"a": "x"}


def look_up(word: str, times: Literal[1, 2]) -> str:
    """Look a word up."""
    return word * times


def test_bounded_bounds_what_dspys_own_modules_leave_open() -> None:
    thinking = vad.bounded(dspy.ChainOfThought("sentence -> label"), 30)
    assert language(thinking.predict.signature).longest == (
        '{"reasoning": "' + "x" * 30 + '", "label": "' + "x" * 30 + '"}'
    )
    comparing = vad.bounded(dspy.MultiChainComparison("sentence -> label: bool"), 20)
    assert language(comparing.predict.signature).longest == (
        '{"rationale": "' + "x" * 20 + '", "label": false}'
    )
    acting = vad.bounded(dspy.ReAct("scenario -> sure: bool", tools=[look_up]), 9)
    assert language(acting.react.signature).regex.endswith(
        r'"next_tool_name": ("look_up"|"finish"), '
        r'"next_tool_args": (\{"word": "(([ !#-\[\]-~])){1,9}", "times": (1|2)\}|\{\})\}'
    )


def test_a_tool_whose_arguments_have_no_type_is_refused_with_the_line_to_write() -> None:
    def search(query):  # type: ignore[no-untyped-def]
        return query

    with pytest.raises(StudyError, match="write: query: str"):
        vad.bounded(dspy.ReAct("scenario -> sure: bool", tools=[search]))


def test_a_text_of_the_programs_own_stays_unbounded_as_it_is_loaded() -> None:
    loaded = with_own_bounds(dspy.ChainOfThought("sentence -> label"))
    with pytest.raises(StudyError, match="label"):
        language(loaded.predict.signature)
