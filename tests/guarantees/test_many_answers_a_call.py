"""One call that answers many trials: what is asked, kept, resumed, lost and told."""

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.commands import Vad
from tests.helpers.respondents import Answer, AnswerWith, answered_in, respond
from tests.helpers.studies import REPOSITORY, ask, load
from vad.design.plan import make_plan
from vad.design.trials import Plan
from vad.engines.base import Call
from vad.errors import EngineGone, StudyError
from vad.runs.guarantee.certificate import certify
from vad.runs.store.reader import read_table
from vad.study.loader import Study, find_study
from vad.study.scenarios import load_values

VALUES = list(load_values(find_study(REPOSITORY)))
LIST = re.compile(r"^(.+): ", re.MULTILINE)

SURVEY = '''"""Survey: every value of a topic in one answer, a choice of actions after."""

from typing import Literal

import dspy


class Rate(dspy.Signature):
    """Answer for every value."""

    persona: str = dspy.InputField()
    question: str = dspy.InputField()
    items: str = dspy.InputField()
    options: str = dspy.InputField()
    value: dict[str, Literal[{numbers}]] = dspy.OutputField()


class Choose(dspy.Signature):
    """Choose."""

    persona: str = dspy.InputField()
    question: str = dspy.InputField()
    options: str = dspy.InputField()
    action: Literal[{letters}] = dspy.OutputField()


value = dspy.Predict(Rate)
action = dspy.Predict(Choose)
'''
INTENSITIES: dict[int, list[str | None]] = {
    2: [None],
    4: ["mild", "strong"],
    6: ["mild", "moderate", "strong"],
}


def made(root: Path, labels: int = 4, values: int = 5, actions: int = 2, **lines: str) -> Study:
    """A study whose survey asks about that many values of two topics in one call each."""
    for name in ("signatures", "personas", "scenarios", "experiments"):
        (root / name).mkdir(exist_ok=True)
    for place in ("personas/countries.toml", "personas/country.py", "personas/none.py"):
        (root / place).write_text((REPOSITORY / place).read_text())
    for name in ("values.toml", "topics.toml"):
        (root / "scenarios" / name).write_text((REPOSITORY / "scenarios" / name).read_text())
    (root / "signatures" / "survey.py").write_text(
        SURVEY.format(
            numbers=", ".join(map(str, range(1, labels + 1))),
            letters=", ".join(f'"{letter}"' for letter in "ABCDEF"[:actions]),
        )
    )
    (root / "signatures" / "levels.toml").write_text(
        '[value]\nquestion = "How far, in {topic}?"\n'
        f"scale = {[f'level {number}' for number in range(labels)]}\n"
        '[action]\nquestion = "Which, in {topic}?"\n'
    )
    write_scenarios(root, values, actions)
    (root / "experiments" / "models.toml").write_text(
        '[sim]\nengine = "simulated"\nweights = "experiments/sim.py"\n'
    )
    respond(root, "def answer(call):\n    return '{}'\n")
    experiment(root, **lines)
    return Study(root)


def write_scenarios(root: Path, values: int, actions: int, **also: Any) -> None:
    rows = [
        {
            "id": f"{value}--{topic}",
            "value": value,
            "topic": topic,
            "options": [
                {"polarity": side, "text": f"I {side} {level} {value} {topic}"}
                | ({"intensity": level} if level else {})
                for side in ("aligned", "opposed")
                for level in INTENSITIES[actions]
            ],
        }
        | also
        for topic in ("Work", "Health")
        for value in VALUES[:values]
    ]
    (root / "scenarios" / "made.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def experiment(root: Path, vary: str = "", **lines: str) -> None:
    settings = {
        "scenarios": '"made"',
        "personas": '"countries"',
        "program": '"survey"',
        "questions": '"levels"',
        "model": '"sim"',
        "repeats": "2",
        **lines,
    }
    text = "".join(f"{key} = {value}\n" for key, value in settings.items())
    text += f"[vary]\n{vary}\n" if vary else ""
    (root / "experiments" / "survey.toml").write_text(text)


def plan(root: Path, **overrides: Any) -> Plan:
    return make_plan(load(root, "survey", **overrides))


def surveyed(root: Path, respondent: AnswerWith, answer: Answer, **overrides: Any) -> Path:
    respondent(answer)
    return ask(root, "survey", **overrides).folder


def stance(value: str, size: int) -> int:
    """The level that the respondent below holds of a value."""
    return sum(map(ord, value)) % size


def told(call: Call) -> dict[str, str]:
    """The options of a prompt: their text, and what to answer for it."""
    text = call.messages[-1]["content"]
    return {said: name for name, said in re.findall(r"^(\w+)\. (.+)$", text, re.MULTILINE)}


def sincere(call: Call) -> str:
    """Says of each value the level it holds, and does the strongest aligned action."""
    options = told(call)
    if '"action"' in call.messages[-1]["content"]:
        aligned = [text for text in options if "I aligned" in text]
        return json.dumps({"action": options[max(aligned, key=lambda text: "strong" in text)]})
    listed = LIST.findall(call.messages[-1]["content"].split("\n\n")[-3])
    return json.dumps(
        {"value": {value: int(options[f"level {stance(value, len(options))}"]) for value in listed}}
    )


@settings(max_examples=15, deadline=None)
@given(labels=st.integers(2, 12), values=st.integers(1, 9), actions=st.sampled_from([2, 4, 6]))
def test_any_number_of_options_and_of_items_a_call_is_asked_answered_and_undone(
    labels: int, values: int, actions: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        made(Path(folder), labels, values, actions)
        rows = read_table(path := surveyed(Path(folder), answered_in(patch), sincere), "responses")
        calls = read_table(path, "calls")
    stated, done = (rows[rows["question"] == name] for name in ("value", "action"))
    assert len(stated) == len(done) == 2 * values * 2
    assert len(calls) == 2 * 2 * (1 + values)
    assert rows["valid"].all()
    # Whichever way the scale ran, each value has the level that the respondent holds of it.
    held = stated["value"].map(lambda value: stance(value, labels))
    assert (stated["option"] == held).all()
    assert (stated["score"] - (1 - 2 * held / (labels - 1))).abs().max() < 1e-12
    for _, both in stated.groupby("scenario"):
        first, second = both["order"]
        assert list(first) == list(second)[::-1]
    assert (done["score"] == 1).all()
    assert rows["output_tokens"].sum() == calls["output_tokens"].sum() > 0
    assert sorted(key for keys in calls["trials"] for key in keys) == sorted(rows["trial"])


def test_a_call_asks_about_all_that_its_inputs_tell_the_same_of(tmp_path: Path) -> None:
    made(tmp_path)
    lists = [one for one in plan(tmp_path).conversations if one.part.many]
    assert [len(one.trials) for one in lists] == [5] * 4
    assert all(len({trial.scenario.topic for trial in one.trials}) == 1 for one in lists)
    assert all(len({trial.order for trial in one.trials}) == 1 for one in lists)
    assert len({trial.key for one in lists for trial in one.trials}) == 20
    path = tmp_path / "signatures" / "levels.toml"
    path.write_text(
        path.read_text().replace("How far, in {topic}?", "How far {value}, in {topic}?")
    )
    lists = [one for one in plan(tmp_path).conversations if one.part.many]
    assert [len(one.trials) for one in lists] == [1] * 20


def test_the_items_of_a_call_are_in_its_key(tmp_path: Path) -> None:
    made(tmp_path)
    five = {trial.key for trial in plan(tmp_path).trials if trial.question.name == "value"}
    write_scenarios(tmp_path, 4, 2)
    four = {trial.key for trial in plan(tmp_path).trials if trial.question.name == "value"}
    assert len(five) == 20
    assert len(four) == 16
    assert not five & four


def test_check_counts_questions_and_calls(tmp_path: Path, vad: Vad) -> None:
    made(tmp_path)
    assert certify(plan(tmp_path), "sim").calls == 2 * 2 * (1 + 5)
    said = vad("check", "survey", "--study", str(tmp_path)).stdout
    assert "40 questions" in said
    assert "sim: 40 questions in 24 calls" in said
    shown = vad("show", "survey", "--trial", "3", "--study", str(tmp_path)).stdout
    assert f"asked in one call with 4 others; its own item: {VALUES[3]}" in shown
    for value in VALUES[:5]:
        assert f"{value}: " in shown


def test_one_item_gone_wrong_in_free_decoding_is_that_items_own_loss(
    tmp_path: Path, respondent: AnswerWith
) -> None:
    made(tmp_path, decoding='"free"')

    def careless(call: Call) -> str:
        answer = json.loads(sincere(call))
        if "value" in answer:
            del answer["value"][VALUES[0]]
            answer["value"] |= {VALUES[1]: 5, VALUES[2]: True, VALUES[3]: "2", "Honesty": 1}
        return json.dumps(answer)

    rows = read_table(surveyed(tmp_path, respondent, careless), "responses")
    stated = rows[rows["question"] == "value"]
    problems = {value: set(mine["problem"]) for value, mine in stated.groupby("value")}
    assert problems[VALUES[0]] == {"item not answered"}
    assert all(problems[value] == {"not an option"} for value in VALUES[1:4])
    assert rows[rows["value"] == VALUES[4]]["valid"].all()
    assert stated["score"].notna().sum() == 4


def test_an_unreadable_list_loses_every_trial_of_its_call(
    tmp_path: Path, respondent: AnswerWith
) -> None:
    made(tmp_path, decoding='"free"')

    def rambling(call: Call) -> str:
        return sincere(call) if '"action"' in call.messages[-1]["content"] else "I agree with all."

    rows = read_table(surveyed(tmp_path, respondent, rambling), "responses")
    stated = rows[rows["question"] == "value"]
    assert set(stated["problem"]) == {"no JSON"}
    assert len(stated) == 20


def test_the_engine_dying_within_a_list_leaves_whole_calls_and_the_run_goes_on(
    tmp_path: Path, respondent: AnswerWith
) -> None:
    made(tmp_path, format='"country"', repeats="4")
    left = [60]

    def dies(call: Call) -> str:
        left[0] -= 1
        if left[0] < 0:
            raise EngineGone("the engine has died")
        return sincere(call)

    with pytest.raises(EngineGone):
        surveyed(tmp_path, respondent, dies)
    rows = read_table(tmp_path / "runs" / "survey", "responses")
    assert 0 < len(rows) < 12 * 2 * 10 * 4
    lists = rows[rows["question"] == "value"].groupby(["persona", "topic", "repeat"]).size()
    assert set(lists) == {5}
    left[0] = 10**6
    rows = read_table(surveyed(tmp_path, respondent, dies), "responses")
    assert len(rows) == 12 * 2 * 10 * 4
    assert not rows.duplicated(["persona", "scenario", "question", "repeat"]).any()


def test_killed_in_the_middle_of_its_lists_every_trial_is_there_once(
    tmp_path: Path, vad: Vad
) -> None:
    made(tmp_path, values=8, format='"country"', repeats="4")
    (tmp_path / "experiments" / "sim.py").write_text(
        "import time\n\n\ndef answer(call):\n"
        "    time.sleep(0.02)\n    return call.language.longest\n"
    )
    journals = tmp_path / "runs" / "survey" / "journal"
    running = subprocess.Popen(
        [sys.executable, "-m", "vad.cli", "run", "survey"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        if list(journals.glob("*/*.jsonl")) or running.poll() is not None:
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGKILL)
    running.wait()
    rows = read_table(tmp_path / "runs" / "survey", "responses")
    assert 0 < len(rows) < 12 * 2 * 16 * 4
    lists = rows[rows["question"] == "value"].groupby(["persona", "topic", "repeat"]).size()
    assert set(lists) <= {8}
    assert vad("run", "survey", "--study", str(tmp_path)).returncode == 0
    rows = read_table(tmp_path / "runs" / "survey", "responses")
    assert len(rows) == 12 * 2 * 16 * 4
    assert not rows.duplicated(["persona", "scenario", "question", "repeat"]).any()
    calls = read_table(tmp_path / "runs" / "survey", "calls")
    assert sorted(key for keys in calls["trials"] for key in keys) == sorted(rows["trial"])


def test_another_limit_is_another_list_so_the_run_does_not_go_on_with_it(
    tmp_path: Path, respondent: AnswerWith
) -> None:
    made(tmp_path)
    surveyed(tmp_path, respondent, sincere, limit=3)
    assert surveyed(tmp_path, respondent, sincere, limit=3).name == "survey"
    with pytest.raises(StudyError, match=r"from a call about other scenarios(.|\n)*--new"):
        surveyed(tmp_path, respondent, sincere, limit=6)
    rows = read_table(tmp_path / "runs" / "survey", "responses")
    assert len(rows) == 3 * 2 * 2


def test_two_scenarios_of_one_value_cannot_be_told_apart_in_one_answer(tmp_path: Path) -> None:
    made(tmp_path)
    path = tmp_path / "signatures" / "levels.toml"
    path.write_text(path.read_text().replace("How far, in {topic}?", "How far?"))
    with pytest.raises(StudyError, match='ask twice about "Equality": Equality--Work and Equality'):
        plan(tmp_path)


def test_a_scale_longer_than_the_answers_of_a_list_is_told(tmp_path: Path) -> None:
    made(tmp_path, labels=4)
    path = tmp_path / "signatures" / "levels.toml"
    path.write_text(path.read_text().replace("'level 3'", "'level 3', 'level 4'"))
    with pytest.raises(StudyError, match="value has 4 answers, and Equality--Work has 5 options"):
        plan(tmp_path)


def test_actions_more_than_the_answers_of_a_choice_are_told(tmp_path: Path) -> None:
    made(tmp_path)
    write_scenarios(tmp_path, 5, 6)
    with pytest.raises(StudyError, match="action has 2 answers, and Equality--Work has 6 options"):
        plan(tmp_path)


def test_a_scenario_without_actions_is_asked_its_value_alone(tmp_path: Path) -> None:
    made(tmp_path)
    path = tmp_path / "scenarios" / "made.jsonl"
    first, *rest = path.read_text().splitlines()
    bare = json.dumps(json.loads(first) | {"options": []})
    path.write_text("\n".join([bare, *rest]) + "\n")
    trials = plan(tmp_path).trials
    mine = [trial for trial in trials if trial.scenario.id == f"{VALUES[0]}--Work"]
    assert {trial.question.name for trial in mine} == {"value"}
    assert len(trials) == 40 - 2


def test_a_scenario_of_a_persona_is_asked_of_that_one_and_of_the_baseline(tmp_path: Path) -> None:
    made(tmp_path)
    write_scenarios(tmp_path, 3, 2, persona="egypt")
    with (tmp_path / "scenarios" / "made.jsonl").open("a") as file:
        file.write(
            json.dumps(
                {"id": "any", "value": "Honest", "topic": "Work", "options": []},
            )
            + "\n"
        )
    experiment(tmp_path, vary='format = ["none", "country"]')
    made_plan = plan(tmp_path)
    asked = pd.DataFrame(
        {"persona": made_plan.condition(one).columns["persona"], "scenario": one.scenario.id}
        for one in made_plan.trials
    )
    several = asked.groupby("persona")["scenario"].nunique()
    assert several["baseline"] == several["egypt"] == 7
    assert set(several.drop(["baseline", "egypt"])) == {1}


def test_a_scenario_of_a_persona_that_is_not_there_is_told(tmp_path: Path) -> None:
    made(tmp_path)
    write_scenarios(tmp_path, 3, 2, persona="egipt")
    with pytest.raises(StudyError, match=r'made\.jsonl(.|\n)*no persona "egipt"(.|\n)*"egypt"'):
        plan(tmp_path)
    write_scenarios(tmp_path, 3, 2, persona="egypt")
    experiment(tmp_path, format='"country"')
    with pytest.raises(StudyError, match='has no scenario for the persona "united_states"'):
        plan(tmp_path)


def test_the_repeats_cross_forms_wordings_and_orders(tmp_path: Path) -> None:
    made(tmp_path, repeats="8")
    ways = tmp_path / "signatures" / "levels.toml"
    ways.write_text(
        '[[value]]\nquestion = "One, {topic}"\nscale = ["a", "b", "c", "d"]\n'
        '[[value]]\nquestion = "Two, {topic}"\nscale = ["e", "f", "g", "h"]\nitem = "- {value}"\n'
        '[[action]]\nquestion = "Three"\n[[action]]\nquestion = "Four"\n'
    )
    program = tmp_path / "signatures" / "survey.py"
    text = program.read_text()
    explain = (
        "class Explain(Choose):\n    '''Choose and explain.'''\n\n"
        "    reasoning: str = dspy.OutputField(max_length=20)\n\n\n"
    )
    program.write_text(
        text.replace("value = dspy", explain + "value = dspy").replace(
            "action = dspy.Predict(Choose)",
            "action = [dspy.Predict(Choose), dspy.Predict(Explain)]",
        )
    )
    one = [
        one for one in plan(tmp_path).conversations if one.trials[0].scenario.id.endswith("Work")
    ]
    actions = [each for each in one if each.trials[0].scenario.value == VALUES[0]]
    forms = {
        (
            "reasoning" in each.part.signatures[0].output_fields,
            each.inputs["question"],
            each.trials[0].order,
        )
        for each in actions
        if each.part.questions == ("action",)
    }
    assert len(forms) == 2 * 2 * 2
    lists = [each for each in one if each.part.many]
    assert len({(each.inputs["question"], each.trials[0].order) for each in lists}) == 4
    assert [each.inputs["question"][:3] for each in lists] == ["One", "Two"] * 4
    assert {each.inputs["options"][3] for each in lists} == {"a", "d", "e", "h"}
    assert {each.inputs["items"][0] for each in lists} == {VALUES[0][0], "-"}


def test_a_questions_file_is_told_what_is_wrong_in_which_way(tmp_path: Path) -> None:
    made(tmp_path)
    path = tmp_path / "signatures" / "levels.toml"
    text = path.read_text()
    twice = text.replace("[value]", "[[value]]") + '\n[[value]]\nquestion = "x"\n'
    for content, said in (
        (twice, r"value\[1\].scale\n  missing"),
        (text.replace("scale", "scales"), r"value.scale\n  missing"),
        (text + 'itme = "x"\n', 'action\n  no key "itme"(.|\n)*"item"'),
        ('value = "x"\n[action]\nquestion = "y"\n', "write a table"),
        ('value = []\n[action]\nquestion = "y"\n', "write a table"),
    ):
        path.write_text(content)
        with pytest.raises(StudyError, match=said):
            plan(tmp_path)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("dspy.Predict(Rate), dspy.Predict(Choose)", "no signature of it has an output field"),
        ("dspy.Predict(Rate), 3", "no dspy.Module"),
        ("dspy.Predict(Rate), dspy.Predict(Single)", "for many items in some of its forms"),
        ("", "no dspy.Module"),
    ],
)
def test_forms_that_do_not_go_together_are_refused(tmp_path: Path, value: str, said: str) -> None:
    made(tmp_path)
    path = tmp_path / "signatures" / "survey.py"
    single = "class Single(dspy.Signature):\n    '''.'''\n\n    question: str = dspy.InputField()\n"
    single += "    value: Literal[1, 2, 3, 4] = dspy.OutputField()\n\n\n"
    path.write_text(
        path.read_text().replace("value = dspy.Predict(Rate)", f"{single}value = [{value}]")
    )
    with pytest.raises(StudyError, match=said):
        plan(tmp_path)


def test_an_action_without_intensity_does_not_stand_beside_others_with_one(tmp_path: Path) -> None:
    made(tmp_path)
    path = tmp_path / "scenarios" / "made.jsonl"
    first, *rest = path.read_text().splitlines()
    row = json.loads(first)
    row["options"] += [one | {"intensity": "mild"} for one in row["options"]]
    path.write_text("\n".join([json.dumps(row), *rest]) + "\n")
    with pytest.raises(StudyError, match="an action without intensity beside others with one"):
        plan(tmp_path)
