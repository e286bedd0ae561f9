"""The manipulation check: a persona's own variables asked back, and what is right."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

import vad
from tests.helpers.commands import Vad
from tests.helpers.respondents import respond
from tests.helpers.studies import ask, load
from vad.analysis.manipulation_check import named_levels
from vad.design.plan import make_plan
from vad.errors import StudyError
from vad.study.loader import Study
from vad.study.personas import load_personas

ASKED = (
    'model = "sim"\nlimit = 1\nrepeats = 2\nasks = ["value", "action", "level"]\n'
    '[only]\npersonas = ["maximal_1", "maximal_4"]\n[vary]\nformat = ["none", "explicit"]\n'
)
READS_ITSELF = """
import json, re

def answer(call):
    asked = call.messages[-1]["content"]
    if '"level"' not in asked:
        name = "value" if '"value"' in asked else "action"
        return json.dumps({"reasoning": "So.", name: "A"})
    variable = re.search("fits you best: (.*?), that is", asked)[1]
    mine = re.search(rf"[*] {variable}: .* -> (.*)", asked)
    options = dict((text, letter) for letter, text in re.findall(r"^([A-F])[.] (.*)$", asked, re.M))
    letter = options[mine[1]] if mine and variable != "happiness" else "A"
    return json.dumps({"reasoning": "So.", "level": letter})
"""


def asked(root: Path, text: str = ASKED, respondent: str = READS_ITSELF) -> vad.Run:
    respond(root, respondent)
    outcome = ask(root, "back", text)
    assert outcome.open == 0
    return vad.open_run(outcome.folder)


def test_each_variable_is_a_scenario_its_levels_the_options_whatever_their_number(
    root: Path,
) -> None:
    plan = make_plan(load(root, "back", ASKED))
    levels = [one for one in plan.conversations if one.part.questions == ("level",)]
    assert len(levels) == 10 * 2 * 3
    variables = {one.key: one for one in load_personas(Study(root), "cultural", "test").variables}
    for one in levels:
        (trial,) = one.trials
        variable = variables[trial.scenario.id]
        lines = one.inputs["options"].split("\n")
        assert len(lines) == len(variable.levels) == len(trial.question.options)
        assert variable.asks in one.inputs["question"]
        assert trial.question.scores[0] == -1
        assert trial.question.scores[-1] == 1


def test_an_answer_is_held_to_as_many_letters_as_the_variable_has_levels(root: Path) -> None:
    calls = asked(root).calls()
    offered = {one.rsplit('"level":', 1)[1] for one in calls["constraint"] if '"level":' in one}
    ends = {'("A"|"B")\\}', '("A"|"B"|"C")\\}', '("A"|"B"|"C"|"D")\\}'}
    assert {one.lstrip("\\ ") for one in offered} == ends


def test_a_persona_that_reads_itself_is_faithful_in_all_but_what_it_does_not_read(
    root: Path,
) -> None:
    back = asked(root).manipulation_check("variable")
    known = back[back["variable"] != "happiness"]
    assert (known["fidelity"] == 1).all()
    assert (known["off_by"] == 0).all()
    # Of happiness it always gives the first of the options, which run both ways in turn.
    assert back.loc[back["variable"] == "happiness", "fidelity"].item() == 0.5


def test_the_baseline_says_what_it_says_unprompted_and_has_no_fidelity_itself(root: Path) -> None:
    run_ = asked(root)
    back = run_.manipulation_check()
    assert set(back["persona"]) == {"maximal_1", "maximal_4"}
    # Always the first option, and a maximal persona stands at an end of each: half of the repeats.
    assert (back["unprompted"] == 0.5).all()
    rows = run_.responses()
    assert (rows["question"] == "level").sum() == 10 * 2 * 3


def test_unreadable_answers_are_missing_from_fidelity_and_counted(root: Path) -> None:
    text = ASKED.replace("limit", 'decoding = "free"\nlimit')
    run_ = asked(root, text, READS_ITSELF.replace('"level": letter', '"levels": letter'))
    back = run_.manipulation_check()
    assert back["fidelity"].isna().all()
    assert (back["missing"] == back["answers"]).all()


def test_the_gap_is_the_same_with_and_without_the_check_beside_it(root: Path) -> None:
    with_check = asked(root)
    alone = ASKED.replace('asks = ["value", "action", "level"]\n', "")
    outcome = ask(root, "alone", alone)
    assert outcome.asked == 0, "the same questions have the same keys"
    without = vad.open_run(outcome.folder)
    pd.testing.assert_frame_equal(with_check.scores(), without.scores())
    assert without.manipulation_check().empty
    assert len(with_check.compare()) == len(without.compare())


def test_by_hand_two_of_three_answers_right_and_one_two_levels_off() -> None:
    manifest = {
        "personas": {"p": {"v": "low"}},
        "variables": {"v": ["low", "middle", "high"]},
    }
    rows = pd.DataFrame(
        {
            "model": "m",
            "persona": ["p"] * 4 + ["baseline"] * 4,
            "category": ["c"] * 4 + ["baseline"] * 4,
            "format": ["explicit"] * 4 + ["none"] * 4,
            "scenario": "v",
            "question": "level",
            "score": [-1, -1, 1, None, -1, 0, 0, 0],
        }
    )
    (row,) = named_levels(rows, manifest).to_dict("records")
    assert row["fidelity"] == pytest.approx(2 / 3)
    assert row["off_by"] == pytest.approx(2 / 3)
    assert row["unprompted"] == 0.25
    assert (row["answers"], row["missing"]) == (4, 1)


def test_the_tables_stand_beside_the_gap_on_screen_and_in_the_report(root: Path, vad: Vad) -> None:
    respond(root, READS_ITSELF)
    (root / "experiments" / "back.toml").write_text(ASKED)
    done = vad("run", "back")
    assert done.returncode == 0, done.stderr
    head = next(line for line in done.stdout.split("\n") if "AD" in line).split()
    assert head[-6:] == ["fidelity", "unprompted", "scenarios", "asked", "parsed", "missing"]
    told = vad("report", "runs/back")
    assert told.returncode == 0, told.stderr
    assert "fidelity: what a persona said back" in told.stdout
    table = pd.read_csv(root / "runs" / "back" / "tables" / "fidelity_by_variable.csv")
    assert len(table) == 10
    page = (root / "runs" / "back" / "report.html").read_text()
    section = page[page.index('<section id="fidelity"') : page.index('<section id="explore"')]
    assert re.findall(r'scope="row">(\w+)</th>', section)[:2] == ["maximal_1", "maximal_4"]
    assert section.count('scope="row">') == 2 + 10
    assert re.search(r'"row">happiness</th>\s*<td class="n">0.500</td>', section)


def test_a_check_alone_is_an_experiment_too(root: Path, vad: Vad) -> None:
    respond(root, READS_ITSELF)
    (root / "experiments" / "back.toml").write_text(ASKED.replace('"value", "action", ', ""))
    done = vad("run", "back")
    assert done.returncode == 0, done.stderr
    assert "60 questions: 60 asked now" in done.stdout
    assert "unprompted" in done.stdout
    manifest = json.loads((root / "runs" / "back" / "manifest.json").read_text())
    assert manifest["variables"]["social_trust"] == ["cannot trust people", "most people trusted"]


def test_a_questions_file_that_cannot_ask_it_and_asks_nobody_knows_are_told(root: Path) -> None:
    def plan(text: str) -> None:
        make_plan(load(root, "back", text))

    with pytest.raises(StudyError, match=r"lens\.toml: level\n.*missing(.|\n)*write: \[level\]"):
        plan(ASKED.replace("limit", 'questions = "lens"\nlimit'))
    with pytest.raises(StudyError, match="asks"):
        plan(ASKED.replace('"level"', '"levels"'))
    with pytest.raises(StudyError, match="answers value and action together"):
        plan(ASKED.replace('"value", ', "").replace("limit", 'program = "value_first"\nlimit'))
