"""Chat templates of every kind: what they leave out is refused, what they prefill is told."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.commands import Vad
from tests.helpers.studies import POCKET
from vad.engines.tokenizer import Tokenizer
from vad.errors import StudyError
from vad.runs.guarantee.prompt_contents import notes_on, require_contents
from vad.study.loader import Study
from vad.study.models import Model

MESSAGES = [
    {"role": "system", "content": "Answer in JSON.\n\n  You are a fair person."},
    {"role": "user", "content": "A first dilemma"},
    {"role": "assistant", "content": '{"action": "A"}'},
    {"role": "user", "content": "A second dilemma"},
]
WHOLE = [
    "{{ m['content'] }}",
    "{{ m['content'] | trim }}",
    "{{ m['content'].split() | join(' ') }}",
    "<b>{{ m['content'] }}</b>",
    "{{ m['content'] | replace('\\n', ' \\n ') }}",
]
"""Ways of writing a message out whole, white space aside."""
LESS = [
    "",
    "{{ m['role'] }}",
    "{{ m['content'][:5] }}",
    "{{ m['content'] | upper }}",
    "{{ m['content'].split()[-1] }}",
    "{{ m['content'] | length }}",
]
"""Ways of writing less, or something else."""
ROLES = ("system", "user", "assistant")
OPENED = "{% if add_generation_prompt %}assistant:{% endif %}"


def template(ways: dict[str, str]) -> str:
    branches = "".join(
        f"{{% {'if' if role == 'system' else 'elif'} m['role'] == '{role}' %}}{ways[role]}"
        for role in ROLES
    )
    return "{% for m in messages %}" + branches + "{% endif %}|{% endfor %}" + OPENED


def tokens(chat_template: str, **profile: Any) -> Tokenizer:
    model = Model(name="odd", weights=str(POCKET), chat_template=chat_template, **profile)
    return Tokenizer(model, Study(POCKET))


@settings(max_examples=40, deadline=None)
@given(st.data(), st.fixed_dictionaries({role: st.sampled_from(WHOLE) for role in ROLES}))
def test_a_template_that_writes_every_message_out_is_taken_however_it_spaces_them(
    data: st.DataObject, ways: dict[str, str]
) -> None:
    require_contents(tokens(template(ways)), MESSAGES)


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries({role: st.sampled_from(WHOLE) for role in ROLES}),
    st.sampled_from(ROLES),
    st.sampled_from(LESS),
)
def test_a_template_that_leaves_a_role_out_is_refused_with_the_line_to_write_where_it_helps(
    ways: dict[str, str], role: str, less: str
) -> None:
    with pytest.raises(StudyError, match=rf"odd\.chat_template\n.*what the {role} says") as told:
        require_contents(tokens(template(ways | {role: less})), MESSAGES)
    assert ("system_role = false" in str(told.value)) == (role == "system")


@pytest.mark.parametrize("kept", ["messages[-1:]", "messages[:2]", "messages[1:]"])
def test_a_template_that_leaves_a_turn_out_is_refused(kept: str) -> None:
    written = "{% for m in " + kept + " %}{{ m['content'] }}|{% endfor %}"
    with pytest.raises(StudyError, match="leaves out"):
        require_contents(tokens(written), MESSAGES)


def test_a_turn_that_says_the_same_as_another_has_to_stand_there_too() -> None:
    twice = [MESSAGES[1], MESSAGES[2], MESSAGES[1]]
    once = "{% for m in messages[:2] %}{{ m['content'] }}|{% endfor %}"
    with pytest.raises(StudyError, match="message 3 of 3"):
        require_contents(tokens(once), twice)


@pytest.mark.parametrize(
    ("refusing", "said", "helps"),
    [
        ("{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system') }}{% endif %}",
         "No system", True),
        ("{{ raise_exception('Never') }}", "Never", False),
        ("{{ messages[9]['content'].x.y }}", "no element 9", False),
        ("{% for m in %}", "Expected an expression", False),
        ("{{ messages[0]['content'] + 7 }}", "str", False),
    ],
)  # fmt: skip
def test_a_template_that_raises_is_one_message_with_its_own_words(
    refusing: str, said: str, helps: bool
) -> None:
    written = refusing + "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    with pytest.raises(StudyError, match=r"models\.toml: odd\.chat_template") as told:
        tokens(written).prompt(MESSAGES)
    assert said in str(told.value)
    assert ("system_role = false" in str(told.value)) == helps
    if helps:
        require_contents(tokens(written, system_role=False), MESSAGES)


@pytest.mark.parametrize(
    ("end", "notes"),
    [
        (OPENED, []),
        ("{% if add_generation_prompt %}assistant:\n{ {% endif %}", ["the prompt ends in"]),
        ('{% if add_generation_prompt %}assistant: {"{% endif %}', ["the prompt ends in"]),
        ("{% if add_generation_prompt %}```json\n{% endif %}", ["the prompt ends in"]),
        ("", ["the chat template has no generation prompt"]),
        ("{", ["the prompt ends in", "the chat template has no generation prompt"]),
    ],
)
def test_a_prefilled_answer_and_a_missing_generation_prompt_are_told(
    end: str, notes: list[str]
) -> None:
    written = "{% for m in messages %}{{ m['content'] }}|{% endfor %}" + end
    found = notes_on(tokens(written), MESSAGES)
    assert [one[: len(note)] for one, note in zip(found, notes, strict=True)] == notes


def test_check_refuses_a_template_that_would_make_every_persona_the_baseline(
    root: Path, vad: Vad
) -> None:
    dropping = "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['content'] }}{% endif %}"
    profile = f'weights = "{POCKET}"\nmax_model_len = 8192\nchat_template = """'
    with (root / "experiments" / "models.toml").open("a") as out:
        out.write(f'\n[odd]\n{profile}{dropping}{{% endfor %}}"""\n')
    told = vad("check", "small", "--model", "odd")
    assert told.returncode == 2
    assert "odd.chat_template" in told.stderr
    assert "write system_role = false" in told.stderr
    assert (
        "all that the messages say stands in the prompts"
        in vad("check", "small", "--model", "pocket").stdout
    )
