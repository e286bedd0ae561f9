"""Runs on the simulated engine: what is written, resumed, reused, retried and counted."""

import asyncio
import importlib.util
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.respondents import AnswerWith, respond
from tests.helpers.studies import SMALL, ask, load, silent
from vad.design.experiment import load_experiment
from vad.engines.base import Call
from vad.errors import EngineGone, StudyError
from vad.runs.run import run
from vad.runs.store.reader import read_manifest, read_table
from vad.runs.store.schema import RESPONSES
from vad.study.loader import Study


def answer(call: Call, letter: str) -> str:
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    return json.dumps({"reasoning": "So.", name: letter})


def test_every_trial_is_a_row_with_the_promised_columns(root: Path) -> None:
    outcome = ask(root)
    rows = pd.read_parquet(outcome.folder / "responses")
    assert list(rows.columns) == list(RESPONSES)
    assert len(rows) == outcome.planned == 3 * 2 * 3 * 3
    assert rows["valid"].all()
    assert not rows.duplicated(["trial", "persona", "format"]).any()


def test_a_respondent_that_always_answers_a_has_no_position_free_preference(root: Path) -> None:
    rows = read_table(ask(root, limit=50).folder, "responses")
    assert set(rows["letter"]) == {"A"}
    actions = rows[rows["question"] == "action"]
    # Each action stands first as often as any other, so always-A scores the mean of the scale.
    assert abs(actions["score"].mean()) < 0.1
    assert set(actions["option"]) == set(range(6))


def test_letter_option_and_score_follow_from_the_stored_order(root: Path) -> None:
    rows = read_table(ask(root).folder, "responses")
    scale = np.linspace(1, -1, 6)
    for row in rows[rows["question"] == "value"].to_dict("records"):
        assert row["option"] == row["order"]["ABCDEF".index(row["letter"])]
        assert row["score"] == pytest.approx(scale[row["option"]])


def test_every_call_is_kept_with_its_messages_as_sent(root: Path) -> None:
    folder = ask(root).folder
    calls, rows = read_table(folder, "calls"), read_table(folder, "responses")
    assert sorted(key for keys in calls["trials"] for key in keys) == sorted(rows["trial"])
    messages = json.loads(calls["messages"][0])
    assert [message["role"] for message in messages] == ["system", "user"]
    assert calls["seed"].nunique() == len(calls)


def test_a_second_run_asks_nothing_again(root: Path) -> None:
    first = ask(root)
    before = read_table(first.folder, "responses")
    second = ask(root)
    assert (second.asked, second.kept) == (0, first.asked)
    assert read_table(second.folder, "responses").equals(before)


def test_a_larger_limit_asks_only_what_is_new(root: Path) -> None:
    first, second = ask(root, limit=2), ask(root, limit=3)
    assert second.kept == first.asked
    assert second.asked == first.asked // 2


def test_a_baseline_of_another_run_is_reused_and_marked(root: Path) -> None:
    ask(root)
    text = SMALL.replace('["none", "explicit"]', '["none", "bold"]')
    (root / "experiments" / "other.toml").write_text(text)
    outcome = ask(root, "other")
    rows = read_table(outcome.folder, "responses")
    baseline = rows["persona"] == "baseline"
    assert outcome.reused == baseline.sum() > 0
    assert set(rows[baseline]["reused"]) == {"small"}
    assert rows[~baseline]["reused"].isna().all()
    assert rows[baseline]["output_tokens"].sum() == 0


def test_conditions_that_ask_the_same_thing_ask_it_once(root: Path) -> None:
    (root / "signatures" / "like_me.toml").write_text(
        (root / "signatures" / "agreement.toml").read_text().replace("agree or disagree", "hold")
    )
    (root / "experiments" / "wordings.toml").write_text(
        'model = "sim"\nlimit = 2\n[vary]\nquestions = ["agreement", "like_me"]\n'
    )
    outcome = ask(root, "wordings")
    rows = read_table(outcome.folder, "responses")
    assert len(rows) == outcome.planned
    assert set(rows["questions"]) == {"agreement", "like_me"}
    actions = rows[rows["question"] == "action"]
    assert actions["reused"].notna().sum() == len(actions) / 2
    assert rows[rows["question"] == "value"]["reused"].isna().all()


def test_an_unreadable_answer_is_kept_raw_counted_by_kind_and_never_scored(root: Path) -> None:
    respond(root, '    return "```json" + chr(10) + "{}" + "```"')
    (root / "experiments" / "free.toml").write_text('model = "sim"\nlimit = 2\ndecoding = "free"\n')
    outcome = ask(root, "free")
    rows = read_table(outcome.folder, "responses")
    assert outcome.unreadable == len(rows) == 12
    assert set(rows["problem"]) == {"fenced"}
    assert rows["score"].isna().all()
    assert rows["text"].str.startswith("```json").all()
    manifest = read_manifest(outcome.folder)
    assert manifest is not None
    assert manifest["certificates"]["sim"]["outcome"]["unreadable: fenced"] == 12


def test_an_engine_failure_is_no_answer_it_is_retried_and_stays_open(root: Path) -> None:
    respond(root, '    return Reply("{}", "length")')
    outcome = ask(root)
    assert (outcome.asked, outcome.open) == (0, outcome.planned)
    problems = [json.loads(line) for line in (outcome.folder / "problems.jsonl").open()]
    assert len(problems) == 3 * outcome.planned
    assert 'ended by "length"' in problems[0]["problem"]
    respond(
        root,
        '    name = "value" if \'"value"\' in call.messages[-1]["content"] else "action"\n'
        '    return json.dumps({"reasoning": "x", name: "B"})',
    )


def test_a_failure_now_and_then_loses_no_trial(root: Path) -> None:
    respond(
        root,
        "    if random.random() < 0.2:\n        return Reply('', 'abort')\n"
        '    name = "value" if \'"value"\' in call.messages[-1]["content"] else "action"\n'
        '    return json.dumps({"reasoning": "x", name: "B"})',
    )
    random.seed(3)
    outcome = ask(root)
    while outcome.open:
        outcome = ask(root)
    rows = read_table(outcome.folder, "responses")
    assert len(rows) == outcome.planned
    assert not rows.duplicated(["trial", "persona"]).any()


def test_a_changed_study_file_stops_the_run_and_new_begins_another(root: Path) -> None:
    first = ask(root)
    path = root / "personas" / "explicit.py"
    path.write_text(path.read_text().replace("These are", "Here are"))
    with pytest.raises(StudyError, match=r"changed since this run began: personas/explicit\.py"):
        ask(root)
    second = ask(root, new=True)
    assert second.folder.name == "small-2"
    assert (second.reused, second.asked) == (18, 36)
    assert len(read_table(first.folder, "responses")) == first.planned


def test_a_changed_setting_stops_the_run_and_is_named(root: Path) -> None:
    ask(root)
    path = root / "experiments" / "small.toml"
    path.write_text(path.read_text().replace("repeats = 3", "repeats = 2"))
    with pytest.raises(StudyError, match="changed since this run began: repeats"):
        ask(root)


def test_the_folder_of_another_experiment_is_refused(root: Path) -> None:
    ask(root)
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "small.toml").write_text(SMALL)
    experiment = load_experiment(Study(root), root / "elsewhere" / "small.toml")
    with pytest.raises(StudyError, match=r"is the run folder of experiments/small\.toml"):
        run(experiment, root / "runs", False, silent)


def test_the_engine_dying_is_told_and_what_was_answered_stays(
    root: Path, respondent: AnswerWith
) -> None:
    count = [0]

    def dies(call: Call) -> str:
        count[0] += 1
        if count[0] > 300:
            raise EngineGone("the engine has died")
        return answer(call, "C")

    respondent(dies)
    with pytest.raises(EngineGone):
        ask(root, limit=30)
    assert 200 < len(read_table(root / "runs" / "small", "responses")) <= 300
    count[0] = -(10**6)
    assert ask(root, limit=30).open == 0


def test_two_calls_and_a_module_without_an_async_form_run_like_any_other(root: Path) -> None:
    (root / "signatures" / "two_steps.py").write_text(TWO_STEPS)
    (root / "signatures" / "plain_module.py").write_text(PLAIN_MODULE)
    respond(
        root,
        "    asked = call.messages[-1]['content'].rsplit('{', 1)[1]\n"
        "    if 'thoughts' in asked:\n        return json.dumps({'thoughts': 'Both matter.'})\n"
        "    name = 'value' if '\"value\"' in asked else 'action'\n"
        "    return json.dumps({'reasoning': 'x', name: 'B'})",
    )
    (root / "experiments" / "programs.toml").write_text(
        'model = "sim"\nlimit = 2\n[vary]\nprogram = ["direct", "two_steps", "plain_module"]\n'
    )
    outcome = ask(root, "programs")
    rows, calls = read_table(outcome.folder, "responses"), read_table(outcome.folder, "calls")
    assert rows["valid"].all()
    two = rows[(rows["program"] == "two_steps") & (rows["question"] == "action")]
    assert calls["trials"].map(lambda keys: keys[0]).isin(two["trial"]).sum() == 2 * len(two)
    second = calls[calls["number"] == 1]["messages"].iloc[0]
    assert "Both matter." in second


def test_both_questions_in_one_conversation_are_two_rows_of_one_call(root: Path) -> None:
    (root / "signatures" / "together.py").write_text(TOGETHER)
    respond(root, "    return json.dumps({'value': 'A', 'action': 'F'})")
    (root / "experiments" / "both.toml").write_text(
        'model = "sim"\nlimit = 2\nprogram = "together"\n'
    )
    outcome = ask(root, "both")
    rows, calls = read_table(outcome.folder, "responses"), read_table(outcome.folder, "calls")
    assert (len(rows), len(calls)) == (12, 6)
    assert set(rows[rows["question"] == "value"]["letter"]) == {"A"}
    assert set(rows[rows["question"] == "action"]["letter"]) == {"F"}
    assert rows["output_tokens"].sum() == calls["output_tokens"].sum()


def test_the_event_loop_is_left_clean(root: Path) -> None:
    ask(root)
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


TWO_STEPS = '''"""Two steps: think about the dilemma first, choose after."""

import dspy

from .action import ChooseAction


class Think(dspy.Signature):
    """You take part in a psychological study. Think the case over."""

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    thoughts: str = dspy.OutputField(max_length=400)


class ThinkThenChoose(dspy.Module):
    def __init__(self):
        super().__init__()
        self.think = dspy.Predict(Think)
        self.choose = dspy.Predict(ChooseAction)

    async def aforward(self, persona, scenario, question, options):
        first = await self.think.acall(persona=persona, scenario=scenario)
        scenario = f"{scenario}\\n\\n{first.thoughts}"
        return await self.choose.acall(
            persona=persona, scenario=scenario, question=question, options=options
        )


action = ThinkThenChoose()
'''

PLAIN_MODULE = '''"""Plain module: no async form."""

import dspy

from .action import ChooseAction


class Choose(dspy.Module):
    def __init__(self):
        super().__init__()
        self.choose = dspy.Predict(ChooseAction)

    def forward(self, scenario, question, options):
        return self.choose(persona="", scenario=scenario, question=question, options=options)


action = Choose()
'''

TOGETHER = '''"""Together: both questions in one call."""

from typing import Literal

import dspy


class Both(dspy.Signature):
    """You take part in a psychological study."""

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    value_question: str = dspy.InputField()
    value_options: str = dspy.InputField()
    action_question: str = dspy.InputField()
    action_options: str = dspy.InputField()
    value: Literal["A", "B", "C", "D", "E", "F"] = dspy.OutputField()
    action: Literal["A", "B", "C", "D", "E", "F"] = dspy.OutputField()


both = dspy.Predict(Both)
'''


def test_an_engine_that_is_not_installed_is_named_with_what_to_install(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *package: None if name == "vllm" else found(name, *package),
    )
    experiment = load(root, model="pocket")
    with pytest.raises(StudyError, match=r"needs the package vllm(.|\n)*pip install 'vad\[vllm"):
        run(experiment, root / "runs", False, silent)


def test_an_answer_without_a_character_is_unreadable_and_no_engine_failure(root: Path) -> None:
    respond(root, '    return ""')
    outcome = ask(root, limit=1, decoding="free")
    assert (outcome.open, outcome.unreadable) == (0, outcome.planned)
    assert set(read_table(outcome.folder, "responses")["problem"]) == {"empty"}


def test_a_run_goes_on_in_the_newest_of_its_folders_though_the_first_is_gone(root: Path) -> None:
    ask(root)
    assert ask(root, new=True).folder.name == "small-2"
    shutil.rmtree(root / "runs" / "small")
    assert ask(root).folder.name == "small-2"
    assert ask(root, new=True).folder.name == "small-3"
