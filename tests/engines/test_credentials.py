"""Credentials: a key goes into the header whole, and never into words."""

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vad.engines.credentials import Credentials
from vad.errors import StudyError

KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=30)


def key(content: str) -> Credentials:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FAR_KEY", content)
        return Credentials("FAR_KEY", "models.toml")


@given(KEYS, st.sampled_from(["", "\n", "\r", "\r\n", " \n", "\n\n"]))
def test_a_line_end_behind_a_key_is_no_part_of_it(content: str, end: str) -> None:
    assert key(content + end).headers == {"Authorization": f"Bearer {content}"}


@given(
    KEYS,
    KEYS,
    st.sampled_from(
        [
            ("\n", "line end"),
            ("\r", "line end"),
            ("\t", "control"),
            ("\x7f", "control"),
            ("–", "ASCII"),
            ("\N{NO-BREAK SPACE}", "ASCII"),
        ]
    ),
)
def test_what_no_header_takes_is_one_message_with_the_variable_and_without_the_key(
    one: str, other: str, wrong: tuple[str, str]
) -> None:
    with pytest.raises(StudyError) as told:
        key(one + wrong[0] + other)
    assert "FAR_KEY" in str(told.value)
    assert wrong[1] in str(told.value)
    assert one not in str(told.value)
    assert other not in str(told.value)


@given(KEYS)
def test_a_key_is_taken_out_of_whatever_a_server_sends(content: str) -> None:
    own = key(content)
    echo = [content, json.dumps(content), html.escape(content), {"x": [f"Bearer {content}"]}]
    left = json.dumps(own.redact_reply(echo))
    assert "***" in left
    assert json.dumps(content)[1:-1] not in left.replace("***", "")
    assert content not in repr(own)


def test_a_word_that_is_no_secret_stays_in_answers() -> None:
    assert key("EMPTY").redact_reply({"text": "an EMPTY room"}) == {"text": "an EMPTY room"}
