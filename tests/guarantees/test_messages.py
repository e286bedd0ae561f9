"""What the model gets: exactly what the study's files say, and what `vad show` prints."""

import json

import dspy
import pytest

from tests.helpers.commands import Vad
from tests.helpers.prompts import sent
from tests.helpers.studies import REPOSITORY
from vad.constraints.adapter import PLAIN_SETTINGS, make_adapter
from vad.constraints.language import output_format
from vad.constraints.plain import INSTRUCTION
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.study.loader import Study, find_study

STUDY = find_study(REPOSITORY)
PLAN = make_plan(
    load_experiment(STUDY, REPOSITORY / "experiments" / "pocket_quickstart.toml", limit=3)
)


def test_the_system_text_is_the_docstring_and_the_same_for_both_questions() -> None:
    texts = {sent(one)[0].messages[0]["content"] for one in PLAN.conversations[:8]}
    module = STUDY.module("signatures", "action")
    assert texts == {f"{module.ChooseAction.instructions} {INSTRUCTION}"}


def test_the_user_turn_is_the_filled_fields_in_order_then_the_format() -> None:
    conversation = PLAN.conversations[-1]
    blocks = sent(conversation)[0].messages[1]["content"].split("\n\n")
    inputs = conversation.inputs
    assert blocks == [
        inputs["persona"],
        inputs["scenario"],
        inputs["question"],
        inputs["options"],
        '{"reasoning": "<two or three sentences>", "action": "<A, B, C, D, E or F>"}',
    ]


def test_the_baseline_has_no_trace_of_a_persona() -> None:
    blocks = sent(PLAN.conversations[0])[0].messages[1]["content"].split("\n\n")
    assert len(blocks) == 4
    assert blocks[0] == PLAN.conversations[0].inputs["scenario"]


def test_options_stand_under_their_letters_in_the_order_of_the_trial() -> None:
    conversation = PLAN.conversations[-1]
    trial = conversation.trials[0]
    lines = conversation.inputs["options"].split("\n")
    for letter, place, line in zip("ABCDEF", trial.order, lines, strict=True):
        assert line == f"{letter}. {trial.scenario.options[place].text}"


def test_prompts_share_their_longest_prefix_up_to_the_persona_and_the_dilemma() -> None:
    persona = [one for one in PLAN.conversations if one.inputs["persona"]][:6]
    texts = [sent(one)[0].messages[1]["content"] for one in persona]
    shared = persona[0].inputs["persona"] + "\n\n" + persona[0].inputs["scenario"]
    assert all(text.startswith(shared) for text in texts)


def test_a_demo_of_an_optimised_program_is_an_earlier_turn() -> None:
    signature = STUDY.module("signatures", "action").ChooseAction
    demo = {"scenario": "S", "question": "Q", "options": "O", "reasoning": "R", "action": "B"}
    messages = make_adapter(PLAIN_SETTINGS).format(signature, [demo], {"scenario": "T"})
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert json.loads(messages[2]["content"]) == {"reasoning": "R", "action": "B"}


def test_every_kind_of_output_field_has_a_placeholder_that_tells_what_to_write() -> None:
    class Signature(dspy.Signature):
        """."""

        note: str = dspy.OutputField(max_length=10)
        sure: bool = dspy.OutputField()
        rating: int = dspy.OutputField(ge=1, le=3, desc="how sure")
        many: list[bool] = dspy.OutputField(max_length=2, desc="one a value")

    assert output_format(Signature) == (
        '{"note": "<text>", "sure": <true or false>, "rating": <how sure: 1, 2 or 3>, '
        '"many": [<true or false>, ...] <one a value: 0 to 2 entries>}'
    )


@pytest.mark.parametrize("number", [0, 7, 20])
def test_show_prints_byte_for_byte_what_the_engine_receives(number: int) -> None:
    from vad.engines.tokenizer import Tokenizer

    experiment = PLAN.experiment
    call = sent(PLAN.conversations[number])[0]
    prompt = Tokenizer(experiment.models["pocket"], STUDY).prompt(call.messages)
    printed = _show(number)
    assert f"----- call 1: the prompt\n{prompt}\n----- call 1: the constraint\n" in printed
    assert f"\n{call.regex}\n----- at most {call.max_tokens} tokens\n" in printed


def _show(number: int) -> str:
    import contextlib
    import io

    from vad.cli.screens.trial import print_trial

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        print_trial(PLAN.experiment, str(number), {})
    return out.getvalue()


def test_every_call_of_a_conversation_has_a_seed_of_its_own(study: Study) -> None:
    (study.root / "signatures" / "twice.py").write_text(
        '"""Twice: asks twice, keeps the second."""\n\nimport dspy\n\n'
        "from .action import ChooseAction\n\n\nclass Twice(dspy.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.choose = dspy.Predict(ChooseAction)\n\n"
        "    async def aforward(self, scenario, question, options):\n"
        "        asked = dict(persona='', scenario=scenario, question=question, options=options)\n"
        "        await self.choose.acall(**asked)\n"
        "        return await self.choose.acall(**asked)\n\n\naction = Twice()\n"
    )
    path = study.root / "experiments" / "twice.toml"
    path.write_text('model = "sim"\nprogram = "twice"\nlimit = 1\n')
    made = make_plan(load_experiment(study, path))
    one = next(one for one in made.conversations if one.part.questions == ("action",))
    first, second = sent(one)
    assert first.messages == second.messages
    assert first.seed != second.seed


def test_a_program_that_sets_a_budget_below_its_bound_or_a_stop_is_refused(
    study: Study, vad: Vad
) -> None:
    path = study.root / "signatures" / "direct.py"
    before = path.read_text()
    for setting, said in (("max_tokens=20", "sets max_tokens = 20"), ("stop=['.']", "sets stop")):
        path.write_text(before.replace("(ChooseAction)", f"(ChooseAction, {setting})"))
        told = vad("check", "small")
        assert told.returncode == 2
        assert said in told.stderr
        assert "signatures/direct.py: " in told.stderr
        assert "action" in told.stderr
