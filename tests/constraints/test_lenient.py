"""The lenient parser: which option a free answer names, and what it leaves unread."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vad.constraints.lenient import read_lenient

LABELS = "ABCDEF"
SCALE = (
    "strongly disagree",
    "disagree",
    "somewhat disagree",
    "somewhat agree",
    "agree",
    "strongly agree",
)
PLACES = st.integers(0, 5)


def read(text: str, labels: str = LABELS, options: tuple[str, ...] = SCALE) -> int | None:
    return read_lenient(text, "value", labels, options)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A. strongly disagree", 0),
        ("B", 1),
        ("(C)", 2),
        ("**D**", 3),
        ("E) agree", 4),
        ("F: because it is right.", 5),
        ("A strongly disagree", 0),
        ("A (strongly disagree)", 0),
        ("The answer is C.", 2),
        ("I would choose option D.\n\nIt is a matter of trust.", 3),
        ("strongly agree", 5),
        ("Strongly agree.", 5),
        ('"somewhat agree"', 3),
        ('```json\n{"value": "B"}\n```', 1),
        ("{'value': 'B'}", 1),
        ("{'reasoning': 'A. is bad', 'value': 'B'}", 1),
        ('Sure! {"reasoning": "x", "value": "E. agree"}', 4),
        ('{"value": "agree"}', 4),
        ('{"value": B}', 1),
        ("<think>A or B? A.</think>\nC", 2),
        ("[[ ## value ## ]]\nD\n", 3),
        ("A. strongly dis", 0),
    ],
)
def test_one_option_named_is_read(text: str, place: int) -> None:
    assert read(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A friend of mine needs help.",
        "I do not know.",
        "A or B.",
        "A/B",
        "A and C.",
        "Not A.",
        "I would never choose A.",
        "It isn't B.",
        "Rather C than D.",
        "A. strongly agree",
        "A. agree",
        "B-cells are involved.",
        "A's choice",
        "I agree with the statement that honesty matters.",
        "\n".join(f"{label}. {words}" for label, words in zip(LABELS, SCALE, strict=True)),
        "\n".join(SCALE),
        '{"value": "<A, B, C, D, E or F>"}',
        '{"value": "A|B"}',
        '{"value": "A"} {"value": "B"}',
        '{"value": "G"}',
        "<think>The answer is A.",
        "A. strongly disagree\nB. disagree\nC.",
        "strongly agree\nA",
    ],
)
def test_what_is_ambiguous_stays_unread(text: str) -> None:
    assert read(text) is None


@given(PLACES, st.sampled_from(["{}", "{}.", "({})", "Answer: {}", "**{}**", "`{}`", "{}\n"]))
def test_a_label_alone_is_read_however_it_is_dressed(place: int, dress: str) -> None:
    assert read(dress.format(LABELS[place])) == place


@given(PLACES, st.permutations(SCALE))
def test_words_are_read_by_the_order_in_which_they_stood(place: int, order: list[str]) -> None:
    options = tuple(order)
    assert read(order[place], options=options) == place
    assert read(f"{LABELS[place]}. {order[place]}", options=options) == place


@given(PLACES, PLACES, st.permutations(SCALE))
def test_a_label_with_another_option_s_words_is_unread(
    label: int, words: int, order: list[str]
) -> None:
    found = read(f"{LABELS[label]}. {order[words]}", options=tuple(order))
    assert found == (label if label == words else None)


@given(PLACES, st.text("abcdefghij ,.", max_size=60))
def test_strict_json_is_read_as_the_strict_parser_reads_it(place: int, reasoning: str) -> None:
    answer = {"reasoning": reasoning, "value": LABELS[place]}
    text = json.dumps(answer)
    assert read(text) == read(f"```json\n{text}\n```") == read(repr(answer)) == place


@given(st.lists(PLACES, min_size=2, max_size=6, unique=True), st.sampled_from([", ", "\n", " / "]))
def test_two_labels_are_never_one_answer(places: list[int], between: str) -> None:
    assert read(between.join(f"{LABELS[place]}." for place in places)) is None


@given(st.text(max_size=80))
def test_any_text_is_an_option_or_none(text: str) -> None:
    assert read(text) in (None, *range(6))


@given(st.text(st.characters(categories=["Ll", "Zs"]), max_size=80))
def test_prose_without_a_label_or_an_option_s_words_is_unread(text: str) -> None:
    assert read(text) is None or any(words in text for words in SCALE)


def test_numbers_are_labels_too() -> None:
    assert read("3. somewhat disagree", "123456") == 2
    assert read("I have 3 children.", "123456") is None
    assert read('{"value": 4}', "123456") == 3
    assert read("2.5", "123456") is None
