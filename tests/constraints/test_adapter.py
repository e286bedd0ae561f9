"""Adapters: DSPy's own scaffolding as a factor, each held to its own way of writing an answer."""

import json
import re
from pathlib import Path
from typing import Any, Literal

import dspy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.respondents import LONGEST, respond
from tests.helpers.studies import ask
from vad.constraints.adapter import AdapterSettings, make_adapter
from vad.constraints.language import AdapterName, language
from vad.errors import Unreadable
from vad.runs.store.reader import read_manifest, read_table

WAYS: list[AdapterName] = ["plain", "chat", "json"]
OWN = {"chat": dspy.ChatAdapter(), "json": dspy.JSONAdapter()}


class Everything(dspy.Signature):
    """Say what you think."""

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    reasoning: str = dspy.OutputField(max_length=60)
    sure: bool = dspy.OutputField()
    rating: int = dspy.OutputField(ge=1, le=12)
    others: list[Literal["x", "y"]] = dspy.OutputField(min_length=1, max_length=3)
    action: Literal["A", "B"] = dspy.OutputField()


ASKED = {"persona": "I am.", "scenario": "There it is."}


@pytest.mark.parametrize("written", WAYS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_way_of_writing_allows_is_read_back_and_fits_the_budget(
    written: AdapterName, data: st.DataObject
) -> None:
    held = language(Everything, written)
    text = data.draw(st.from_regex(re.compile(held.regex, re.ASCII), fullmatch=True))
    fields = make_adapter(AdapterSettings(written)).parse(Everything, text)
    assert list(fields) == list(Everything.output_fields)
    assert fields["action"] in ("A", "B")
    assert 1 <= fields["rating"] <= 12
    assert len(text.encode()) < held.max_tokens


@pytest.mark.parametrize("written", ["chat", "json"])
@pytest.mark.parametrize("sure", [True, False])
def test_dspys_own_demos_stand_in_the_language_and_read_alike_by_both(
    written: AdapterName, sure: bool
) -> None:
    fields: dict[str, Any] = {"reasoning": "So be it.", "sure": sure, "rating": 7, "action": "B"}
    simple = Everything.delete("others")
    text = OWN[written].format_assistant_message_content(simple, fields).strip()
    assert re.fullmatch(language(simple, written).regex, text)
    assert make_adapter(AdapterSettings(written)).parse(simple, text) == fields
    assert OWN[written].parse(simple, text) == fields


@pytest.mark.parametrize("written", ["chat", "json"])
def test_messages_are_dspys_own_byte_for_byte(written: AdapterName) -> None:
    demo = ASKED | {"reasoning": "R", "sure": True, "rating": 1, "others": ["x"], "action": "A"}
    mine = make_adapter(AdapterSettings(written)).format(Everything, [demo], ASKED)
    assert mine == OWN[written].format(Everything, [demo], ASKED)


@pytest.mark.parametrize("written", WAYS)
def test_a_baseline_does_not_announce_a_persona(written: AdapterName) -> None:
    messages = make_adapter(AdapterSettings(written)).format(
        Everything, [], ASKED | {"persona": ""}
    )
    assert "persona" not in json.dumps(messages)


@pytest.mark.parametrize("written", WAYS)
def test_a_persona_in_the_system_turn_stands_there_once_whoever_writes(
    written: AdapterName,
) -> None:
    messages = make_adapter(AdapterSettings(written, "system")).format(Everything, [], ASKED)
    assert messages[0]["content"].endswith("\n\nI am.")
    assert "I am." not in messages[1]["content"]


def test_a_text_that_looks_like_a_header_is_a_text() -> None:
    written = (
        "[[ ## reasoning ## ]]\n[[ ## action ## ]]\n\n[[ ## action ## ]]\nB\n\n"
        "[[ ## completed ## ]]"
    )
    simple = Everything.delete("others").delete("sure").delete("rating")
    assert re.fullmatch(language(simple, "chat").regex, written)
    fields = make_adapter(AdapterSettings("chat")).parse(simple, written)
    assert fields == {"reasoning": "[[ ## action ## ]]", "action": "B"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ('{"reasoning": "x", "action": "A"}', "no fields"),
        ("[[ ## reasoning ## ]]\nx\n\n[[ ## action ## ]]\nA", "cut off"),
        ("[[ ## action ## ]]\nA\n\n[[ ## completed ## ]]", "wrong keys"),
        ("Well. [[ ## reasoning ## ]]\nx", "no fields"),
        ("Well.\n{whole}", "prose around"),
        (
            "[[ ## reasoning ## ]]\nx\n\n[[ ## action ## ]]\nC\n\n[[ ## completed ## ]]",
            "not an option",
        ),
    ],
)
def test_a_free_answer_in_the_chat_format_is_read_strictly_or_not_at_all(
    text: str, kind: str
) -> None:
    whole = "[[ ## reasoning ## ]]\nx\n\n[[ ## action ## ]]\nA\n\n[[ ## completed ## ]]"
    simple = Everything.delete("others").delete("sure").delete("rating")
    assert make_adapter(AdapterSettings("chat")).parse(simple, whole) == {
        "reasoning": "x",
        "action": "A",
    }
    with pytest.raises(Unreadable) as told:
        make_adapter(AdapterSettings("chat")).parse(simple, text.replace("{whole}", whole))
    assert told.value.kind == kind


def test_the_adapter_is_a_factor_like_any_other_and_every_answer_parses(root: Path) -> None:
    respond(root, LONGEST)
    text = (
        'model = "sim"\nlimit = 2\nrepeats = 1\n[only]\npersonas = ["maximal_1"]\n'
        '[vary]\nformat = ["none", "explicit"]\nadapter = ["plain", "chat", "json"]\n'
    )
    outcome = ask(root, "scaffolding", text)
    rows, calls = read_table(outcome.folder, "responses"), read_table(outcome.folder, "calls")
    assert len(rows) == 2 * 2 * 3 * 2
    assert rows["valid"].all()
    assert rows["trial"].is_unique
    assert calls["constraint"].nunique() == 2 * 3
    assert rows.groupby("adapter")["text"].first().str[:2].to_dict() == {
        "plain": '{"',
        "chat": "[[",
        "json": "{\n",
    }
    manifest = read_manifest(outcome.folder)
    assert manifest is not None
    longest = manifest["certificates"]["sim"]["longest_answer"]
    assert longest == max(len(text.encode()) for text in rows["text"])
