"""Replies as providers write them: each kind with the answer, the end or the complaint it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.json_values import ANY
from vad.engines.base import Reply
from vad.engines.replies import Complaint, parse_content, read_reply
from vad.errors import EngineFailure

TEXTS = st.text(min_size=1, max_size=30).filter(str.strip)
THOUGHTS = st.sampled_from(
    [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "reasoning", "text": "hm"},
        {"type": "text", "text": None},
        {"type": "image_url", "image_url": "x"},
        None,
        7,
    ]
)


def reply(message: Any, end: Any = "stop", **others: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": end}], **others}


@given(st.data(), st.lists(TEXTS, min_size=1, max_size=4))
def test_content_is_one_text_however_it_is_cut_into_parts(
    data: st.DataObject, texts: list[str]
) -> None:
    parts: list[Any] = []
    for text in texts:
        parts += data.draw(st.lists(THOUGHTS, max_size=2))
        shapes = [text, {"text": text}, {"type": "text", "text": text}]
        parts.append(data.draw(st.sampled_from([*shapes, {"type": "output_text", "text": text}])))
    assert read_reply(200, reply({"content": parts}), True).text == "".join(texts)


@given(
    st.sampled_from(["stop", "STOP", "end_turn", "eos", "eos_token", "COMPLETE", "", None, 1, []]),
    st.booleans(),
)
def test_the_answer_of_a_provider_is_read_however_its_end_is_called_and_the_word_is_kept(
    end: Any, named: bool
) -> None:
    content = reply({"content": "x"}, end)
    if not named:
        del content["choices"][0]["finish_reason"]
        end = None
    kept = "stop" if str(end).lower() == "stop" else "not said" if end is None else str(end)
    assert read_reply(200, content, True) == Reply("x", kept)
    if end != "stop":
        with pytest.raises(EngineFailure, match="ended the answer by"):
            read_reply(200, content, False)


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("MAX_TOKENS", "length"),
        ("max_output_tokens", "length"),
        ("SAFETY", "refused"),
        ("refusal", "refused"),
    ],
)
def test_ends_that_mean_the_same_are_one(end: str, kind: str) -> None:
    assert read_reply(200, reply({"content": "x"}, end), True).finish_reason == kind


@given(ANY, ANY, ANY)
def test_counts_are_whole_numbers_whatever_usage_holds(a: Any, b: Any, c: Any) -> None:
    usage = {"prompt_tokens": a, "completion_tokens": b, "prompt_tokens_details": c}
    found = read_reply(200, reply({"content": "x"}, usage=usage), True)
    for count in (found.prompt_tokens, found.cached_tokens, found.output_tokens):
        assert type(count) is int
        assert 0 <= count < 2**31


def test_a_fraction_of_a_token_is_dropped_and_a_missing_count_is_none() -> None:
    usage = {"prompt_tokens": 10.0, "completion_tokens": 5.5}
    found = read_reply(200, reply({"content": "x"}, usage=usage), True)
    assert (found.prompt_tokens, found.output_tokens) == (10, 5)
    nothing = {"prompt_tokens": None}
    assert read_reply(200, reply({"content": "x"}, usage=nothing), True).prompt_tokens == 0


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ({"error": {"message": "overloaded", "code": 502}}, 502, "overloaded"),
        ({"error": {"message": "slow down", "code": "429"}}, 429, "slow down"),
        ({"error": {"message": "no", "code": "rate_limit"}}, 502, "no"),
        ({"error": "all at sea"}, 502, "all at sea"),
        (reply({"content": ""}, "error"), 502, 'by "error"'),
        ({"choices": [{"error": {"message": "lost", "code": 400}}]}, 400, "lost"),
        ({"choices": []}, 200, "no answer"),
        ({"choices": None, "message": "busy"}, 200, "busy"),
        ({"choices": [{"finish_reason": "stop"}]}, 200, "no answer"),
        ("<html><title>Sign in</title><script>x()</script></html>", 200, "reply: Sign in"),
        (None, 200, "no answer"),
        ([], 200, "no answer"),
    ],
)
def test_an_error_under_status_200_is_the_error_it_is_in_its_own_words(
    content: Any, status: int, words: str
) -> None:
    with pytest.raises(Complaint) as told:
        read_reply(200, content, True)
    assert told.value.status == status
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("message", "text", "end"),
    [
        ({"content": None, "refusal": "I can't."}, "I can't.", "refused"),
        ({"content": None, "reasoning_content": "{}"}, "<reasoning_content>{}", "reasoning"),
        ({"content": "", "reasoning": "hm"}, "<reasoning_content>hm", "reasoning"),
        ({"content": None, "tool_calls": [1]}, "<tool_calls>[1]", "tool call"),
        ({"content": None}, "", "stop"),
        ({"content": {"a": 1}}, '{"a": 1}', "stop"),
    ],
)
def test_what_stands_beside_an_empty_content_is_kept_under_its_name_and_never_as_the_answer(
    message: dict[str, Any], text: str, end: str
) -> None:
    assert read_reply(200, reply(message), True) == Reply(text, end)


@given(ANY | st.builds(reply, ANY, ANY, usage=ANY), st.booleans())
def test_whatever_a_server_sends_is_an_answer_or_a_complaint(content: Any, validated: bool) -> None:
    try:
        found = read_reply(200, parse_content(json.dumps(content).encode()), validated)
    except (Complaint, EngineFailure):
        return
    found.text.encode()
    found.finish_reason.encode()


@given(st.binary(max_size=40))
def test_bytes_that_are_no_json_are_read_as_text(raw: bytes) -> None:
    with pytest.raises((Complaint, EngineFailure)):
        read_reply(200, parse_content(raw), True)


def test_half_a_character_is_kept_as_its_escape() -> None:
    assert read_reply(200, reply({"content": "so\ud83d"}), True).text == r"so\ud83d"
