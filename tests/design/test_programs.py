"""The shelf of prompt programs, DSPy's own modules as its documentation shows, saved states."""

import json
from pathlib import Path

import dspy
import pandas as pd
import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import respond
from tests.helpers.studies import REPOSITORY, ask, load
from vad.constraints.bounds import REASONING_BOUND
from vad.design.plan import make_plan
from vad.design.programs import load_program
from vad.errors import StudyError
from vad.runs.guarantee.dry_run import dry_run
from vad.runs.store.reader import read_table
from vad.study.loader import Study

SHELF = {  # calls of a conversation, and the questions it answers
    "direct": (1, 1),
    "letter_only": (1, 1),
    "two_steps": (2, 1),
    "persona_first": (2, 1),
    "votes": (5, 1),
    "value_first": (2, 2),
}

ANSWERS = """
import json, random, re

def answer(call):
    wanted = call.messages[-1]["content"].splitlines()[-1]
    chosen = random.Random(call.seed).choice("AB")
    said = {"thoughts": "Both matter.", "stand": "I stand apart.", "reasoning": "So it is."}
    names = re.findall(r'"(\\w+)": ', wanted)
    return json.dumps({name: said.get(name, chosen) for name in names})
"""


def answered(root: Path, text: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The responses and the calls of an experiment on a respondent that answers A or B."""
    respond(root, ANSWERS)
    outcome = ask(root, "one", 'model = "sim"\nlimit = 2\n' + text, new=True)
    assert outcome.open == 0, outcome.problems
    rows = read_table(outcome.folder, "responses")
    assert rows["valid"].all()
    return rows, read_table(outcome.folder, "calls")


@pytest.mark.parametrize("name", SHELF)
def test_a_program_of_the_shelf_is_short_and_asks_as_often_as_it_says(
    root: Path, name: str
) -> None:
    assert len((REPOSITORY / "signatures" / f"{name}.py").read_text().splitlines()) <= 40
    rows, calls = answered(root, f'program = "{name}"\n')
    times, questions = SHELF[name]
    assert len(rows) == 2 * 2 * 3
    assert len(calls) == len(rows) * times / questions
    assert set(rows["question"]) == {"value", "action"}


def told(calls: pd.DataFrame, number: int) -> list[str]:
    asked = calls.loc[calls["number"] == number, "messages"].map(json.loads)
    return [messages[-1]["content"] for messages in asked]


def test_letter_only_leaves_no_room_for_a_reason(root: Path) -> None:
    rows, calls = answered(root, 'program = "letter_only"\n')
    assert rows["reasoning"].isna().all()
    assert all('{"action": ' in one or '{"value": ' in one for one in told(calls, 0))
    assert calls["text"].str.len().max() <= len('{"action": "A"}')


def test_two_steps_thinks_before_it_sees_the_scale_or_the_actions(root: Path) -> None:
    rows, calls = answered(root, 'program = "two_steps"\n')
    assert not any("\nA. " in one for one in told(calls, 0))
    assert all("\nA. " in one and "Both matter." in one for one in told(calls, 1))
    assert {json.loads(one)["thoughts"] for one in rows["fields"]} == {"Both matter."}


def test_persona_first_says_where_the_persona_stands_before_it_chooses(root: Path) -> None:
    only = '[only]\npersonas = ["maximal_1"]\n'
    _, calls = answered(root, f'program = "persona_first"\nformat = "explicit"\n{only}')
    assert not any("\nA. " in one for one in told(calls, 0))
    assert all("Where you stand here: I stand apart." in one for one in told(calls, 1))


def test_votes_takes_the_majority_of_five_and_keeps_its_margin(root: Path) -> None:
    rows, calls = answered(root, 'program = "votes"\nrepeats = 8\n')
    fields = rows["fields"].map(json.loads)
    assert set(calls["number"]) == {0, 1, 2, 3, 4}
    assert fields.map(lambda one: len(set(one["votes"]))).max() == 2, "five draws, not one"
    for letter, one in zip(rows["letter"], fields, strict=True):
        most = max("AB", key=one["votes"].count)
        assert letter == most
        assert one["margin"] == pytest.approx((2 * one["votes"].count(most) - 5) / 5)


def test_value_first_tells_the_action_question_what_was_stated(root: Path) -> None:
    rows, calls = answered(root, 'program = "value_first"\n')
    stated = calls.loc[calls["number"] == 0, "text"].map(lambda one: json.loads(one)["value"])
    assert [
        f"You answered: {one}." in text for one, text in zip(stated, told(calls, 1), strict=True)
    ]
    assert not any("You answered" in one for one in told(calls, 0))
    assert rows["output_tokens"].sum() == calls["output_tokens"].sum()


def write(root: Path, name: str, text: str) -> None:
    (root / "signatures" / f"{name}.py").write_text(f'"""A program."""\n\nimport dspy\n\n{text}')


CHAIN = """from .letter_only import action as letter

action = dspy.ChainOfThought(letter.signature)
"""


def test_chain_of_thought_reasons_first_within_a_bound_it_was_not_given(root: Path) -> None:
    write(root, "chain", CHAIN)
    rows, calls = answered(root, 'program = "chain"\n')
    mine = rows[rows["question"] == "action"]
    assert set(mine["reasoning"]) == {"So it is."}
    chained = calls[
        calls["constraint"].str.contains("reasoning") & calls["text"].str.contains("action")
    ]
    assert (chained["max_tokens"] > REASONING_BOUND).all()
    (part,) = load_program(Study(root), "chain", "test").parts[1]
    assert part.languages[0].longest.count("x") <= REASONING_BOUND * 4


BEST = """from .action import ChooseAction


def likes_b(inputs, prediction):
    return float(prediction.action == "B")


action = dspy.BestOfN(dspy.Predict(ChooseAction), N=4, reward_fn=likes_b, threshold=1.0)
"""


def test_best_of_n_runs_in_a_thread_and_the_rollouts_and_temperature_it_forces_are_kept(
    root: Path,
) -> None:
    write(root, "best", BEST)
    rows, calls = answered(root, 'program = "best"\ntemperature = 0.2\nrepeats = 60\n')
    mine = rows[rows["question"] == "action"]
    asked = calls[calls["trials"].map(lambda keys: keys[0]).isin(mine["trial"])]
    assert (mine["letter"] == "B").mean() > 0.85, "of four draws of A or B one is mostly B"
    assert asked["number"].max() > 0, "it asked again where the first was no B"
    assert asked["number"].max() <= 3
    assert set(asked["temperature"]) == {1.0}
    assert asked["rollout"].notna().all()
    conversation = asked["trials"].map(lambda keys: keys[0])
    assert not pd.DataFrame({"trial": conversation, "rollout": asked["rollout"]}).duplicated().any()
    others = calls[~calls.index.isin(asked.index)]
    assert set(others["temperature"]) == {0.2}
    assert others["rollout"].isna().all()


PLAIN = """from .letter_only import action as letter


class Asks(dspy.Module):
    def __init__(self):
        super().__init__()
        self.first = dspy.Predict(letter.signature, temperature=0.7)

    def forward(self, persona, scenario, question, options):
        asked = dict(persona=persona, scenario=scenario, question=question, options=options)
        return self.first(**asked)


action = Asks()
"""


def test_a_module_without_an_async_form_runs_and_what_it_sets_is_kept(root: Path) -> None:
    write(root, "plain", PLAIN)
    _, calls = answered(root, 'program = "plain"\n')
    assert set(calls["temperature"]) == {0.7, 0.2}


DEMO = {"scenario": "A fire.", "question": "What?", "options": "A. Run\nB. Stay", "action": "B"}


@pytest.mark.parametrize("adapter", ["plain", "chat", "json"])
def test_a_saved_program_is_run_with_its_instructions_and_demos(root: Path, adapter: str) -> None:
    write(root, "kept", "from .letter_only import action, value\n")
    (part,) = load_program(Study(root), "kept", "test").parts[1]
    module = part.module.deepcopy()
    module.signature = module.signature.with_instructions("Choose with care.")
    module.demos = [dspy.Example(**DEMO)]
    module.save(root / "signatures" / "kept.action.json")
    text = f'model = "sim"\nlimit = 1\nprogram = "kept"\nadapter = "{adapter}"\n'
    plan = make_plan(load(root, "kept", text))
    for one in plan.conversations:
        (asked,) = dry_run(one, plan.experiment.models["sim"])
        messages = asked.call.messages
        saved = one.part.questions == ("action",)
        assert ("Choose with care." in messages[0]["content"]) == saved
        assert [one["role"] for one in messages[1:-1]] == ["user", "assistant"] * saved
        assert ("A fire." in messages[1]["content"]) == saved


def test_a_saved_state_is_part_of_what_a_trial_is(root: Path) -> None:
    write(root, "kept", "from .letter_only import action, value\n")
    text = 'model = "sim"\nlimit = 1\nprogram = "kept"\n'

    def keys() -> dict[str, set[str]]:
        trials = make_plan(load(root, "kept", text)).trials
        return {
            name: {one.key for one in trials if one.question.name == name}
            for name in ("value", "action")
        }

    before = keys()
    (part,) = load_program(Study(root), "kept", "test").parts[1]
    module = part.module.deepcopy()
    module.demos = [dspy.Example(**DEMO)]
    module.save(root / "signatures" / "kept.action.json")
    after = keys()
    assert after["value"] == before["value"]
    assert after["action"].isdisjoint(before["action"])


STATES = {
    "{": "is not JSON",
    '["demos"]': "holds the state of nothing; the module has",
    '{"think": {}}': "holds the state of think; the module has",
}


@pytest.mark.parametrize("text", STATES)
def test_a_state_that_is_no_state_of_the_module_is_told(root: Path, text: str) -> None:
    write(root, "kept", "from .letter_only import action\n")
    (root / "signatures" / "kept.action.json").write_text(text)
    with pytest.raises(StudyError, match=STATES[text]) as told:
        load_program(Study(root), "kept", "test")
    assert told.value.where.startswith("signatures/kept.action.json")


def test_a_state_of_an_export_that_is_not_there_and_one_with_a_model_are_told(root: Path) -> None:
    write(root, "kept", "from .two_steps import action\n")
    (part,) = load_program(Study(root), "kept", "test").parts[1]
    state = part.module.dump_state()
    state["think"]["lm"] = {"model": "openai/gpt-x"}
    path = root / "signatures" / "kept.action.json"
    path.write_text(json.dumps(state))
    with pytest.raises(StudyError, match=r"kept\.action\.json: think\.lm\n  names a model"):
        load_program(Study(root), "kept", "test")
    path.rename(root / "signatures" / "kept.actoin.json")
    with pytest.raises(StudyError, match=r'no module "actoin".*\n  did you mean "action"'):
        load_program(Study(root), "kept", "test")


BROKEN = {
    "from .action import ChooseAction\n\n\nclass Mine(dspy.Module):\n    def __init__(self):\n"
    "        super().__init__()\n        self.ask = dspy.Predict(ChooseAction)\n\n"
    "    def forward(self, dilemma):\n        return self.ask(scenario=dilemma)\n\n\n"
    "action = Mine()\n": (
        'takes an input "dilemma" that nothing fills',
        "def forward(self, dilemma)",
    ),
    "action = 3\n": ("action is 3, and no dspy.Module", "action = 3"),
    "class Mine(dspy.Signature):\n    scenario: str = dspy.InputField()\n"
    "    answer: bool = dspy.OutputField()\n\n\naction = dspy.Predict(Mine)\n": (
        "no signature of it has an output field named action",
        "action = dspy.Predict(Mine)",
    ),
    "class Mine(dspy.Signature):\n    scenario: str = dspy.InputField()\n"
    "    action: str = dspy.OutputField()\n\n\naction = dspy.Predict(Mine)\n": (
        "the output field action is no choice",
        "action: str = dspy.OutputField()",
    ),
    "from .action import ChooseAction\n\n\nclass Mine(dspy.Module):\n    def __init__(self):\n"
    "        super().__init__()\n        self.ask = dspy.Predict(ChooseAction)\n\n"
    "    async def aforward(self, persona, scenario, question, options):\n"
    "        found = await self.ask.acall(persona=persona, scenario=scenario,\n"
    "            question=question, options=options)\n"
    "        return dspy.Prediction(reasoning=found.reasoning)\n\n\naction = Mine()\n": (
        "its prediction holds no action; it holds reasoning",
        "return dspy.Prediction(reasoning=found.reasoning)",
    ),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_program_that_breaks_its_contract_is_told_with_the_line(
    root: Path, vad: Vad, text: str
) -> None:
    write(root, "mine", text)
    (root / "experiments" / "mine.toml").write_text('model = "sim"\nlimit = 1\nprogram = "mine"\n')
    done = vad("check", "mine")
    said, line = BROKEN[text]
    assert done.returncode == 2
    assert said in done.stderr
    assert line in done.stderr
    assert "signatures/mine.py" in done.stderr
    assert "Traceback" not in done.stderr
