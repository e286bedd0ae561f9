"""Ablations: one thing about a persona changes at a time, and only that."""

from pathlib import Path

import pytest

from tests.helpers.prompts import sent
from tests.helpers.studies import REPOSITORY, ask, load
from vad.analysis.comparisons import compare
from vad.design.experiment import Experiment
from vad.design.plan import make_plan
from vad.design.settings import Condition
from vad.design.trials import Plan
from vad.engines.profiles import load_profile
from vad.engines.tokenizer import TokenCount
from vad.errors import StudyError
from vad.study.formats import render
from vad.study.loader import Study, find_study
from vad.study.personas import load_personas

BASE = 'model = "sim"\nformat = "explicit"\nlimit = 2\nrepeats = 1\n'
ONE = '[only]\npersonas = ["maximal_1"]\n'


def blocks(experiment: Experiment) -> list[str]:
    return [condition.block for condition in experiment.conditions]


def lines(condition: Condition) -> list[str]:
    return condition.block.split("\n")[1:]


def prompts(plan: Plan) -> list[tuple[str, str]]:
    found = []
    for conversation in plan.conversations:
        system, user = sent(conversation)[0].messages
        found.append((system["content"], user["content"]))
    return found


def test_ablations_change_one_thing_at_a_time_and_what_is_varied_is_crossed(study: Study) -> None:
    made = load(
        study.root,
        "made",
        BASE + ONE + '[vary]\nprogram = ["direct"]\ntemperature = [0.0, 1.0]\n'
        '[ablate]\nvariable_order = ["reversed", "seeded"]\npersona_turn = ["system"]\n',
    )
    reference = {"variable_order": "fixed", "persona_turn": "user"}
    assert len(made.conditions) == 2 * (1 + 2 + 1)
    for condition in made.conditions:
        changed = [key for key in reference if condition.factors[key] != reference[key]]
        assert len(changed) <= 1
    assert made.vary["variable_order"] == ["fixed", "reversed", "seeded"]


def test_one_line_leaves_out_each_of_the_ten_variables(study: Study) -> None:
    made = load(study.root, "made", BASE + ONE + '[ablate]\nleave_out = "each"\n')
    whole, *ablated = made.conditions
    assert len(ablated) == 10
    for place, condition in enumerate(ablated):
        assert lines(condition) == lines(whole)[:place] + lines(whole)[place + 1 :]
        assert "These are the nine values the person holds:" in condition.block
    names = [condition.columns["leave_out"] for condition in made.conditions]
    assert names[:3] == ["nothing", "religiosity", "child_rearing_value"]


def test_one_line_keeps_each_of_the_ten_variables_alone(study: Study) -> None:
    made = load(study.root, "made", BASE + ONE + '[vary]\nkeep_only = "each"\n')
    whole, *ablated = made.conditions
    assert whole.columns["keep_only"] == "everything"
    assert [line for condition in ablated for line in lines(condition)] == lines(whole)
    assert all("This is the one value the person holds:" in one.block for one in ablated)


def test_the_order_of_the_variables_is_the_files_its_reverse_or_the_seeds(study: Study) -> None:
    made = load(
        study.root,
        "made",
        BASE + 'seed = 7\n[only]\npersonas = ["maximal_1", "moderate_1"]\n'
        '[ablate]\nvariable_order = ["reversed", "seeded"]\nseed = [8]\n',
    )
    fixed, other, reverse, _, seeded, second, reseeded, _ = made.conditions
    assert lines(reverse) == lines(fixed)[::-1]
    assert sorted(lines(seeded)) == sorted(lines(fixed))
    assert lines(seeded) not in (lines(fixed), lines(reverse))
    assert lines(reseeded) == lines(fixed)

    def order(one: Condition) -> list[str]:
        return [line.split(":")[0] for line in lines(one)]

    assert order(seeded) == order(second)
    assert order(other) == order(fixed)


def test_a_baseline_shows_no_persona_and_so_is_one_whatever_is_ablated(study: Study) -> None:
    made = load(
        study.root,
        "made",
        BASE + ONE + '[vary]\nformat = ["none", "explicit"]\nvariable_order = ["fixed", "reversed"]'
        '\npersona_turn = ["user", "system"]\n[ablate]\nleave_out = "each"\n',
    )
    baselines = [one for one in made.conditions if one.persona is None]
    assert len(baselines) == 1
    assert baselines[0].columns["leave_out"] == "nothing"
    assert baselines[0].columns["variable_order"] == "fixed"


def test_a_persona_in_the_system_turn_ends_it_and_leaves_the_user_turn(study: Study) -> None:
    plan = make_plan(
        load(
            study.root,
            "made",
            BASE + ONE + '[ablate]\nformat = ["none"]\npersona_turn = ["system"]\n',
        )
    )
    block = plan.experiment.conditions[0].block
    for trial, (system, user) in zip(plan.trials, prompts(plan), strict=True):
        condition = plan.condition(trial)
        if condition.persona is None:
            assert block not in system + user
        elif condition.settings.persona_turn == "system":
            assert system.endswith(f"\n\n{block}")
            assert block not in user
        else:
            assert user.startswith(block)
            assert block not in system


def test_the_turn_of_a_persona_decides_its_keys_but_not_the_baselines(study: Study) -> None:
    def keys(turn: str, format_: str) -> set[str]:
        text = BASE.replace("explicit", format_) + f'persona_turn = "{turn}"\n' + ONE
        return {trial.key for trial in make_plan(load(study.root, "made", text)).trials}

    assert keys("user", "none") == keys("system", "none")
    assert not keys("user", "explicit") & keys("system", "explicit")


def test_a_placebo_has_as_many_tokens_as_the_persona_whose_place_it_takes() -> None:
    study = find_study(REPOSITORY)
    count = TokenCount(study, load_profile(study, "pocket", "test"))
    for persona in load_personas(study, "cultural", "test").personas:
        texts = [render(study, name, persona, "test", count) for name in ("explicit", "placebo")]
        assert count(texts[0]) == count(texts[1])
        assert not set(texts[0].split("\n")) & set(texts[1].split("\n"))


def test_every_ablation_is_compared_with_the_reference_and_with_the_baseline(root: Path) -> None:
    text = BASE + ONE + '[ablate]\nformat = ["none", "table"]\nvariable_order = ["reversed"]\n'
    outcome = ask(root, "ablated", text)
    found = compare([outcome.folder], {})
    primary = found[found["family"] == "primary"]
    pairs = set(zip(primary["factor"], primary["level"], primary["reference"], strict=True))
    assert pairs >= {("format", "table", "explicit"), ("variable_order", "reversed", "fixed")}
    assert len(primary[primary["factor"] == "category"]) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('leave_out = "happines"\n', 'leave_out\n.*no variable "happines"(.|\n)*"happiness"'),
        ('leave_out = "each"\n', "leave_out\n.*stands under \\[vary\\] or \\[ablate\\]"),
        ('[vary]\nformat = "each"\n', r"vary\.format\n.*write a list: format = \[...\]"),
        ('[ablate]\nkeep_only = "all"\n', r'keep_only = \[...\] or keep_only = "each"'),
        ('[ablate]\nleave_out = ["hapiness"]\n', r'ablate\.leave_out\[0\]\n(.|\n)*"happiness"'),
        ('[ablate]\nformat = ["explicit"]\n', r"ablate\.format\n.*that is the reference"),
        ('[ablate]\nformats = ["table"]\n', r'ablate\.formats\n(.|\n)*did you mean "format"'),
        ("[ablate]\nlimit = [1]\n", r'ablate\.limit\n.*no setting to vary "limit"'),
        ("[vary]\nseed = [1]\n[ablate]\nseed = [2]\n", r"ablate\.seed\n.*stands under \[vary\]"),
        ('keep_only = "happiness"\nleave_out = "happiness"\n', "the one variable that is kept"),
        ('persona_turn = "assistant"\n', r"persona_turn\n.*'user' or 'system'"),
        ("ablate = 3\n", r"ablate\n.*write a table \[ablate\]"),
    ],
)
def test_an_ablation_that_cannot_be_is_told_with_its_place(
    study: Study, text: str, said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        load(study.root, "made", BASE + text)
