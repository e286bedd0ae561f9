"""Power: what is simulated agrees with what can be computed, and the answer is one sentence."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from tests.helpers.commands import Vad
from tests.helpers.studies import SMALL, load
from vad.analysis.power import power as room
from vad.analysis.power.power import Power, needed, power
from vad.analysis.power.respondent import scores
from vad.analysis.power.simulation import orders
from vad.design.plan import make_plan
from vad.errors import StudyError
from vad.study.loader import Study


@pytest.fixture
def small(root: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """The study with an experiment of 112 scenarios, and fewer simulations of it."""
    text = SMALL.replace("[only]", '[only]\ntopics = ["Work", "Family"]')
    text = text.replace("maximal_4", "moderate_1")
    (root / "experiments" / "small.toml").write_text(text)
    monkeypatch.setattr(room, "SIMULATED", 300)
    return Study(root)


def find(study: Study, effect: float) -> Power:
    return power(load(study.root), effect, 0.8)


def test_simulated_power_is_that_of_the_normal_distribution(small: Study) -> None:
    found = find(small, 0.15)
    assert (found.family, found.own, found.conditions) == (3, (3, 3), 3)
    assert found.scenarios == [3, 10, 20, 50, 100, 112]
    assert found.repeats == [1, 2, 3, 5]
    place = found.repeats.index(3)
    for row, count in enumerate(found.scenarios[2:], 2):
        shift = found.effect * np.sqrt(count) / found.deviation[place]
        for level, shares in ((0.05, found.alone), (0.05 / 3, found.adjusted)):
            assert shares[row, place] == pytest.approx(
                norm.cdf(shift - norm.ppf(1 - level / 2)), abs=0.1
            )


def test_more_scenarios_and_more_repeats_find_more_and_holm_finds_less(small: Study) -> None:
    found = find(small, 0.15)
    assert (np.diff(found.alone, axis=0) > -0.05).all()
    assert found.alone[-1, -1] > found.alone[-1, 0]
    assert found.deviation[0] > found.deviation[-1]
    assert (found.adjusted <= found.alone).all()


def test_next_to_no_difference_is_found_as_often_as_none(small: Study) -> None:
    shares = find(small, 0.001).alone[3:]
    assert ((shares > 0.0) & (shares < 0.11)).all()


def test_scenarios_needed_lie_between_those_tried() -> None:
    tried = [10, 100, 200, 400]
    # Power of .5 at 100 and .977 at 200: quantiles 0 and 2; .84 stands at .42 of the way in roots.
    found = norm.cdf([-1.0, 0.0, 2.0, 4.0])
    root = 10 + (np.sqrt(200) - 10) * norm.ppf(0.8) / 2
    assert needed(tried, found, 0.8) == 10 * np.ceil(root**2 / 10)
    assert needed(tried, found, 0.1) == 10
    assert needed(tried, found, 0.99999999) is None


def test_orders_are_the_ranks_of_what_the_experiment_shows(small: Study) -> None:
    experiment = load(small.root)
    names, (values, actions) = orders(experiment, experiment.conditions[0], 6)
    assert len(names) == len(set(names)) == 112
    assert (values[:, 0] == values[:, 1, ::-1]).all()
    assert (np.sort(values[:, 0], axis=1) == np.arange(6)).all()
    # Each action stands at each letter once in six repeats.
    assert (np.sort(actions, axis=1) == np.arange(6)[:, None]).all()
    plan = make_plan(load(small.root))
    trial = plan.trials[-1]
    shown = [trial.question.scores[option] for option in trial.order]
    side = (values, actions)[["value", "action"].index(trial.question.name)]
    there = side[names.index(trial.scenario.id), trial.repeat]
    assert shown == pytest.approx(scores(6)[there])


def test_an_experiment_that_compares_nothing_is_told_so(small: Study) -> None:
    path = small.root / "experiments" / "small.toml"
    path.write_text(path.read_text().replace('["none", "explicit"]', '["none"]'))
    with pytest.raises(StudyError, match="no two conditions are compared"):
        find(small, 0.1)


def test_the_command_answers_in_its_first_sentence(small: Study, vad: Vad) -> None:
    done = vad("power", "small", "--effect", "0.3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("For a difference of 0.3 in AD, power 0.8: ")
    assert "scenarios with 3 repeats" in done.stdout.split(".\n")[0]
    assert "As the experiment stands, 3 scenarios with 3 repeats: power 0." in done.stdout
    far = vad("power", "small", "--effect", "0.02")
    assert "even all 112 scenarios do not do; with 3 repeats" in " ".join(far.stdout.split())


@pytest.mark.parametrize(
    ("effect", "wanted", "message"),
    [
        (0, 0.8, "found 0; a difference in AD is above 0 and at most 2"),
        (-0.1, 0.8, "write its size without its sign"),
        (2.1, 0.8, "found 2.1"),
        (float("nan"), 0.8, "found nan"),
        (0.6, 0.8, r"asks for a respondent with an AD of 0\.0"),
        (0.1, 1, "found 1; power is between 0 and 1"),
    ],
)
def test_a_difference_or_a_power_that_cannot_be_is_told_what_can(
    effect: float, wanted: float, message: str, small: Study
) -> None:
    with pytest.raises(StudyError, match=message):
        power(load(small.root), effect, wanted)


def test_bad_input_is_one_message_and_exit_code_2(vad: Vad) -> None:
    for given, message in ((("smal", "0.1"), 'did you mean "small"?'), (("small", "0"), "found 0")):
        done = vad("power", given[0], "--effect", given[1])
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
