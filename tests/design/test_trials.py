"""Conditions, trials, option orders and keys."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.studies import REPOSITORY, load
from vad.design.experiment import load_experiment
from vad.design.option_orders import option_order
from vad.design.plan import make_plan
from vad.design.trials import Plan
from vad.study.loader import Study, find_study


def plan(study: Study, text: str, **overrides: object) -> Plan:
    return make_plan(load(study.root, "made", text, **overrides))


def keys(made: Plan) -> set[str]:
    return {trial.key for trial in made.trials}


def test_the_published_design_is_a_baseline_and_twelve_personas_a_model(study: Study) -> None:
    made = plan(study, 'model = "sim"\norder = "shuffled"\n[vary]\nformat = ["none", "explicit"]\n')
    scenarios = len({trial.scenario.id for trial in made.trials})
    assert len(made.experiment.conditions) == 13
    assert len(made.trials) == scenarios * 2 * 3 * 13


def test_the_format_none_is_one_baseline_condition_shared_by_all_personas(study: Study) -> None:
    made = plan(study, 'model = "sim"\nlimit = 1\n')
    assert [one.columns["persona"] for one in made.experiment.conditions] == ["baseline"]


def test_any_setting_may_be_varied_and_every_combination_runs(study: Study) -> None:
    made = plan(
        study,
        'model = "sim"\nlimit = 2\n[vary]\ntemperature = [0.0, 1.0]\nseed = [1, 2]\n'
        'order = ["balanced", "fixed"]\ndecoding = ["free", "constrained"]\n',
    )
    assert len(made.experiment.conditions) == 16
    assert {"temperature", "seed", "option_order"} <= set(made.experiment.conditions[0].columns)


def test_the_same_file_gives_the_same_plan(study: Study) -> None:
    text = 'model = "sim"\nlimit = 4\n[vary]\nformat = ["none", "bold"]\n'
    first, second = plan(study, text), plan(study, text)
    assert [trial.key for trial in first.trials] == [trial.key for trial in second.trials]


def test_a_subset_asks_a_subset_of_the_same_trials(study: Study) -> None:
    text = 'model = "sim"\n[vary]\nformat = ["none", "bold"]\n'
    assert keys(plan(study, text, limit=3)) < keys(plan(study, text, limit=9))


def test_the_baseline_has_the_same_keys_in_another_experiment(study: Study) -> None:
    small = plan(study, 'model = "sim"\nlimit = 2\n')
    large = plan(study, 'model = "sim"\nlimit = 2\n[vary]\nformat = ["none", "bold"]\n')
    assert keys(small) < keys(large)


@pytest.mark.parametrize(
    "change",
    ["temperature = 0.9", "seed = 7", 'decoding = "free"', 'order = "shuffled"', 'format = "bold"'],
)
def test_whatever_decides_an_answer_is_in_its_key(study: Study, change: str) -> None:
    base = keys(plan(study, 'model = "sim"\nlimit = 2\n'))
    assert not base & keys(plan(study, f'model = "sim"\nlimit = 2\n{change}\n'))


def test_a_changed_signature_changes_the_keys_of_the_programs_that_import_it(study: Study) -> None:
    before = keys(plan(study, 'model = "sim"\nlimit = 1\n'))
    path = study.root / "signatures" / "value.py"
    path.write_text(path.read_text().replace("weigh it", "weigh it well"))
    assert not before & keys(plan(study, 'model = "sim"\nlimit = 1\n'))


def test_balanced_orders_move_an_action_through_as_many_letters_as_there_are_repeats() -> None:
    orders = [option_order("balanced", 1, "x", "action", 6, repeat) for repeat in range(6)]
    for option in range(6):
        assert sorted(order.index(option) for order in orders) == list(range(6))


def test_a_balanced_scale_runs_forward_and_reversed_in_turn() -> None:
    for scenario in "abcdefgh":
        first, second, third = (
            option_order("balanced", 1, scenario, "value", 6, repeat) for repeat in range(3)
        )
        assert first == third == second[::-1]
        assert first in (tuple(range(6)), tuple(range(5, -1, -1)))


def test_over_many_scenarios_every_option_stands_at_every_place_equally_often() -> None:
    for how in ("balanced", "shuffled"):
        places = Counter(
            (place, option)
            for scenario in range(600)
            for repeat in range(3)
            for place, option in enumerate(
                option_order(how, 2026, f"s{scenario}", "action", 6, repeat)
            )
        )
        shares = [count / 1800 for count in places.values()]
        assert len(shares) == 36
        assert max(abs(share - 1 / 6) for share in shares) < 0.05


def test_the_order_depends_on_seed_scenario_question_and_repeat_alone(study: Study) -> None:
    text = 'model = "sim"\nlimit = 3\n[vary]\nformat = ["none", "explicit", "bold"]\n'
    orders: dict[tuple[str, str, int], set[tuple[int, ...]]] = {}
    for trial in plan(study, text).trials:
        asked = (trial.scenario.id, trial.question.name, trial.repeat)
        orders.setdefault(asked, set()).add(trial.order)
    assert all(len(found) == 1 for found in orders.values())


def test_scores_are_equally_spaced_from_one_to_minus_one(study: Study) -> None:
    trial = plan(study, 'model = "sim"\nlimit = 1\n').trials[0]
    assert trial.question.scores == pytest.approx((1, 0.6, 0.2, -0.2, -0.6, -1))
    scores = dict(
        zip(
            ((one.polarity, one.intensity) for one in trial.scenario.options),
            trial.scenario.scores(),
            strict=True,
        )
    )
    assert scores["aligned", "strong"] == 1
    assert scores["aligned", "mild"] == pytest.approx(0.2)
    assert scores["opposed", "mild"] == pytest.approx(-0.2)
    assert scores["opposed", "strong"] == -1


SHIPPED = [
    path for path in sorted((REPOSITORY / "experiments").glob("*.toml")) if path.stem != "models"
]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_experiment_loads_and_plans(path: Path) -> None:
    made = make_plan(load_experiment(find_study(REPOSITORY), path, limit=8))
    assert len({(trial.key, trial.condition) for trial in made.trials}) == len(made.trials)
    # Conditions ask the same thing where they show the same text, as a variable kept alone may be.
    blocks: dict[str, set[str]] = {}
    for trial in made.trials:
        blocks.setdefault(trial.key, set()).add(made.condition(trial).block)
    assert all(len(same) == 1 for same in blocks.values())


def test_a_block_of_text_is_held_once_however_many_trials_it_stands_in(study: Study) -> None:
    made = plan(study, 'model = "sim"\nlimit = 3\n[vary]\nformat = ["none", "bold"]\n')
    texts = [text for one in made.conversations for text in one.inputs.values()]
    assert len({id(text) for text in texts}) == len(set(texts)) < len(texts) / 10


GOLDEN = {
    "signatures/direct.py": """import dspy
from typing import Literal


class Answer(dspy.Signature):
    '''Answer.'''

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    question: str = dspy.InputField()
    options: str = dspy.InputField()


value = dspy.Predict(Answer.append("value", dspy.OutputField(), Literal["A", "B"]))
action = dspy.Predict(Answer.append("action", dspy.OutputField(), Literal["A", "B"]))
""",
    "signatures/agreement.toml": '[value]\nquestion = "{value}?"\nscale = ["yes", "no"]\n'
    '[action]\nquestion = "Which?"\n',
    "personas/people.toml": '[variables.trust]\nasks = "trust"\naxis = "survival - '
    'self-expression"\nlevels = [{ name = "low" }, { name = "high" }]\n[personas.one]\n'
    'trust = "low"\n',
    "personas/none.py": '"""None."""\n\n\ndef render(persona):\n    return ""\n',
    "scenarios/values.toml": '["Équité"]\ndefinition = "fairness"\ntype = "universalism"\n'
    'group = "self-transcendence"\n',
    "scenarios/topics.toml": '[Politics]\ndefinition = "votes"\n',
    "experiments/models.toml": '[sim]\nengine = "simulated"\nweights = "experiments/sim.py"\n',
    "experiments/sim.py": "def answer(call):\n    return '{}'\n",
    "experiments/x.toml": 'model = "sim"\npersonas = "people"\n[vary]\norder = '
    '["balanced", "shuffled", "fixed"]\n',
}


def test_the_same_seed_gives_the_same_plan_byte_for_byte_on_any_machine(tmp_path: Path) -> None:
    """A changed digest means that no answer of an earlier run is known again."""
    polarities = [("aligned", "mild", "I do."), ("opposed", "mild", "I don't.")]
    lines = [
        {
            "id": f"s{n}",
            "value": "Équité",
            "topic": "Politics",
            "text": f"Case {n}.",
            "options": [
                {"polarity": polarity, "intensity": how, "text": text}
                for polarity, how, text in polarities
            ],
        }
        for n in range(3)
    ]
    scenarios = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    for name, text in (GOLDEN | {"scenarios/dilemmas.jsonl": scenarios}).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    made = make_plan(load_experiment(Study(tmp_path), tmp_path / "experiments" / "x.toml"))
    told = [
        [trial.key, trial.scenario.id, trial.question.name, trial.repeat, *trial.order]
        for trial in made.trials
    ]
    inputs = [one.inputs for one in made.conversations]
    found = hashlib.sha256(json.dumps([told, inputs]).encode()).hexdigest()
    assert len(told) == 3 * 3 * 2 * 3
    assert found == "70dea7def073d8751d0ada7d98100f83dd8e7e5ef77a06c3cf7d3f9c42be4762"
