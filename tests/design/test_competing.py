"""What an experiment asks of a dilemma beside value and action, and of whom it asks nothing."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import ALWAYS_A
from tests.helpers.studies import ask, load
from vad.analysis.results import open_run
from vad.design.plan import make_plan
from vad.design.trials import Plan
from vad.errors import StudyError

ASKS = 'asks = ["value", "competing", "action"]\n'
THREE = f'model = "sim"\nlimit = 3\nrepeats = 2\n{ASKS}[vary]\nformat = ["none", "explicit"]\n'


def mark(root: Path, place: int, *marks: str) -> str:
    """The id of the dilemma at a place, marked to be implausible."""
    path = root / "scenarios" / "dilemmas.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[place]["implausible_for"] = marks
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return str(rows[place]["id"])


def asked(plan: Plan, question: str) -> dict[str, str]:
    """The words of a question by the scenario it is about."""
    found = [one for one in plan.trials if one.question.name == question]
    return {one.scenario.id: one.question.text for one in found}


def test_the_competing_good_is_asked_about_on_the_values_own_scale(root: Path) -> None:
    plan = make_plan(load(root, "three", THREE))
    goods = {one.scenario.id: one.scenario.competing for one in plan.trials}
    texts = asked(plan, "competing")
    assert {name: f'"{good}" in this' in texts[name] for name, good in goods.items()} == (
        dict.fromkeys(goods, True)
    )
    scales = {
        (one.question.options, one.question.scores)
        for one in plan.trials
        if one.question.name != "action"
    }
    assert len(scales) == 1


def test_answers_about_the_competing_good_are_kept_and_change_no_gap(root: Path) -> None:
    respond = root / "experiments" / "sim.py"
    respond.write_text(ALWAYS_A)
    both = open_run(ask(root, "three", THREE, new=True).folder)
    two = open_run(ask(root, "two", THREE.replace(ASKS, ""), new=True).folder)
    counts = Counter(both.responses()["question"])
    assert counts["competing"] == counts["value"] == counts["action"] > 0
    assert both.scores().equals(two.scores())


def test_a_dilemma_without_a_competing_good_cannot_be_asked_about_it(root: Path) -> None:
    text = f'model = "sim"\nscenarios = "dilemmas_1"\n{ASKS}'
    with pytest.raises(StudyError) as told:
        make_plan(load(root, "first", text))
    assert "scenarios/dilemmas_1.jsonl" in str(told.value)
    assert "competing" in str(told.value)


def test_the_definition_of_a_value_stands_in_its_question_alone_and_only_where_set(
    root: Path,
) -> None:
    for setting, shown in (("false", False), ("true", True)):
        text = f'model = "sim"\nlimit = 5\ndefinition = {setting}\n{ASKS}'
        plan = make_plan(load(root, "defined", text))
        for one in plan.trials:
            definition = plan.experiment.values[one.scenario.value].definition
            stands = definition in one.question.text
            assert stands == (shown and one.question.name == "value")


def test_the_definition_may_be_varied_and_both_ways_of_asking_compared(root: Path) -> None:
    (root / "experiments" / "sim.py").write_text(ALWAYS_A)
    text = 'model = "sim"\nlimit = 2\nrepeats = 1\n[vary]\ndefinition = [false, true]\n'
    run = open_run(ask(root, "varied", text, new=True).folder)
    assert set(run.responses()["definition"]) == {False, True}
    assert run.scores()["definition"].tolist() == [False, True]


def test_a_phrase_as_competing_good_comes_without_a_definition(root: Path) -> None:
    text = f'model = "sim"\ndefinition = true\nrepeats = 1\n{ASKS}'
    plan = make_plan(load(root, "defined", text))
    values = plan.experiment.values
    for one in plan.trials:
        if one.question.name == "competing":
            assert ("means" in one.question.text) == (one.scenario.competing in values)


def test_a_questions_file_without_the_sentence_cannot_show_definitions(root: Path) -> None:
    path = root / "signatures" / "agreement.toml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("defined")))
    with pytest.raises(StudyError, match=r"agreement.toml: value.defined\n  missing"):
        load(root, "defined", 'model = "sim"\ndefinition = true\n')


def test_a_persona_is_not_asked_where_it_cannot_be_if_those_are_left_out(root: Path) -> None:
    name = mark(root, 0, "religiosity: not at all important")
    text = 'model = "sim"\nrepeats = 1\nformat = "explicit"\nimplausible = "{}"\n'
    whole = make_plan(load(root, "whole", text.format("ask")))
    less = make_plan(load(root, "less", text.format("leave out")))

    def who(plan: Plan) -> set[str]:
        return {
            str(plan.condition(one).columns["persona"])
            for one in plan.trials
            if one.scenario.id == name
        }

    irreligious = {"maximal_3", "maximal_4", "incongruous_3", "incongruous_4"}
    assert who(whole) - who(less) == irreligious
    assert len(whole.trials) - len(less.trials) == 2 * 4


def test_check_counts_the_pairs_that_cannot_meet(root: Path, vad: Vad) -> None:
    mark(root, 0, "religiosity: not at all important")
    for how, said in (("ask", "asked all the same"), ("leave out", "left out")):
        text = f'model = "sim"\nformat = "explicit"\nrepeats = 1\nimplausible = "{how}"\n'
        (root / "experiments" / "apart.toml").write_text(text)
        done = vad("check", "experiments/apart.toml")
        assert f"4 pairs of persona and scenario cannot meet; {said}" in done.stdout, done.stderr


def test_a_mark_that_the_personas_cannot_have_is_refused_where_it_decides(root: Path) -> None:
    mark(root, 0, "religiosity: none")
    text = 'model = "sim"\nformat = "explicit"\nimplausible = "leave out"\n'
    with pytest.raises(StudyError, match='no level "none"'):
        load(root, "apart", text)
