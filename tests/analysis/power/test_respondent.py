"""Planted respondents: their figures by hand, enumerated, drawn, and through a whole run."""

import itertools
from dataclasses import replace
from math import prod
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from tests.helpers.respondents import AnswerWith
from tests.helpers.studies import ask, load
from vad.analysis.comparisons import compare
from vad.analysis.measures import Array, alignment_distance, alignment_rate, corrected_gap
from vad.analysis.pooled_runs import pool_runs
from vad.analysis.power.respondent import (
    Orders,
    Respondent,
    answers,
    at_distance,
    expected,
    mean_scale,
    of_population,
    positions,
    scores,
    truth,
)
from vad.analysis.power.simulation import orders, planted_engine
from vad.analysis.resampling import scenario_columns
from vad.design.experiment import Experiment
from vad.errors import StudyError

SURE = Respondent(noise=0, letters=())
NOISY = Respondent(noise=0.4, letters=(0.2, 0, 0.1))


def any_orders(
    scenarios: int, repeats: int, options: tuple[int, int] = (6, 6), seed: int = 1
) -> Orders:
    """Orders drawn at random."""
    random = np.random.default_rng(seed)
    values, actions = (
        random.permuted(np.tile(np.arange(size), (scenarios, repeats, 1)), axis=2)
        for size in options
    )
    return values, actions


def test_without_noise_the_option_nearest_to_the_position_is_the_answer() -> None:
    held = np.array([[0.9, -0.3, 3.0], [0.3, 0.05, -3.0]])
    values, actions = answers(SURE, held, any_orders(3, 2), np.random.default_rng(1))
    assert values == pytest.approx(np.array([[1, 1], [-0.2, -0.2], [1, 1]]))
    assert actions == pytest.approx(np.array([[0.2, 0.2], [0.2, 0.2], [-1, -1]]))


def test_without_noise_true_figures_are_those_of_the_positions_by_hand() -> None:
    # Values 1, 1, -.2 and actions .2, -.6, .2: distances .8, 1.6, .4. Two agree, two act so, one
    # both: F1 is 2 / 4. Values and actions at random: .8, 1.6, .8, .8, 1.6, .8, .4, .4, .4.
    held = np.array([[0.9, 1.2, -0.3], [0.3, -0.5, 0.1]])
    expected_distance = (2 * (0.8 + 1.6 + 0.8) + 3 * 0.4) / 9
    assert truth(SURE, held, any_orders(3, 3)) == pytest.approx(
        [0.5, 2.8 / 3, 1 - 2.8 / 3 / expected_distance]
    )


def test_a_respondent_that_always_answers_a_is_where_the_orders_put_a() -> None:
    always = Respondent(letters=(1.0,))
    values = np.array([[[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [0, 1, 2, 3, 4, 5]]])
    actions = np.array([[[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0], [2, 3, 4, 5, 0, 1]]])
    held = np.array([[-2.0], [2.0]])
    # A is 1, -1, 1 and then 1, .6, .2: means 1/3 and .6, and most are on the agreeing side.
    given = answers(always, held, (values, actions), np.random.default_rng(1))
    assert given[0] == pytest.approx(np.array([[1, -1, 1]]))
    assert given[1] == pytest.approx(np.array([[1, 0.6, 0.2]]))
    rate, distance, _ = truth(always, held, (values, actions))
    assert (rate, distance) == pytest.approx((1, 0.6 - 1 / 3))


def test_half_a_chance_of_either_option_is_a_distance_of_one_on_average() -> None:
    # Two options, a position between them, one repeat: apart by 2 in half of the cases. With three
    # repeats the means are 1, 1/3, -1/3, -1 in 1, 3, 3, 1 cases of 8.
    held = np.zeros((2, 1))
    even = Respondent(noise=1, letters=())
    assert truth(even, held, any_orders(1, 1, (2, 2)))[1] == pytest.approx(1)
    weights, means = np.array([1, 3, 3, 1]) / 8, np.array([1, 1 / 3, -1 / 3, -1])
    by_hand = weights @ np.abs(means[:, None] - means) @ weights
    assert truth(even, held, any_orders(1, 3, (2, 2)))[1] == pytest.approx(by_hand)


@pytest.mark.parametrize("options", [(4, 3), (3, 2)])
@pytest.mark.parametrize("repeats", [1, 2, 3])
def test_expected_sums_are_those_of_all_answers_weighed_by_their_chance(
    options: tuple[int, int], repeats: int
) -> None:
    one, held = Respondent(noise=0.4, letters=(0.2, 0.1)), np.array([[0.3], [-0.2]])
    order = any_orders(1, repeats, options)
    scale = mean_scale(order)
    said, did = (
        [[chance(one, rank, position, list(row)) for rank in range(size)] for row in asked[0]]
        for size, position, asked in zip(options, held[:, 0], order, strict=True)
    )
    every = [
        (values, actions)
        for values in itertools.product(range(options[0]), repeat=repeats)
        for actions in itertools.product(range(options[1]), repeat=repeats)
    ]
    weights = [
        prod(row[rank] for row, rank in zip([*said, *did], [*values, *actions], strict=True))
        for values, actions in every
    ]
    values, actions = (
        scores(options[side])[np.array([both[side] for both in every])] for side in (0, 1)
    )
    total = np.array(weights) @ scenario_columns(values, actions, scale)
    assert expected(one, held, order, scale)[0] == pytest.approx(total)


def chance(one: Respondent, rank: int, position: float, shown: list[int]) -> float:
    """Of choosing a rank: its part of the normal curve and the share of the letter it is at."""
    curve = NormalDist(position, one.noise)
    step = 2 / (len(shown) - 1)
    middle = 1 - step * rank
    above = 1.0 if rank == 0 else curve.cdf(middle + step / 2)
    below = 0.0 if rank == len(shown) - 1 else curve.cdf(middle - step / 2)
    letters = [*one.letters, 0.0, 0.0]
    return (1 - sum(one.letters)) * (above - below) + letters[shown.index(rank)]


def test_drawn_answers_have_the_true_figures() -> None:
    order, random = any_orders(3000, 3), np.random.default_rng(3)
    (held,) = positions([NOISY], 3000, random)
    drawn = [answers(NOISY, held, order, random) for _ in range(30)]
    found = np.array(
        [[alignment_rate(*one), alignment_distance(*one), corrected_gap(*one)] for one in drawn]
    )
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - truth(NOISY, held, order)) < 4 * error + 0.001).all()


def test_positions_have_the_moments_that_the_respondents_name() -> None:
    one = Respondent(stated=(0.4, 0.8), chosen=(0.1, 0.5), coherence=0.3, shared=0.6)
    first, second = positions([one, one], 200_000, np.random.default_rng(1))
    assert first.mean(axis=1) == pytest.approx([0.4, 0.1], abs=0.01)
    assert first.std(axis=1) == pytest.approx([0.8, 0.5], abs=0.01)
    assert np.corrcoef(*first)[0, 1] == pytest.approx(0.3, abs=0.01)
    for question in range(2):
        between = np.corrcoef(first[question], second[question])[0, 1]
        assert between == pytest.approx(0.6, abs=0.01)


def test_coherence_puts_the_distance_where_it_is_wanted_or_says_how_far_it_goes() -> None:
    order = any_orders(2000, 3)
    one = at_distance(Respondent(), 0.5, order, 7, "here")
    assert of_population(one, order, 7)[1] == pytest.approx(0.5, abs=1e-5)
    with pytest.raises(StudyError, match=r"AD of 1\.50; .* moves AD from 0\.9"):
        at_distance(Respondent(), 1.5, order, 7, "here")


Planted = tuple[Experiment, Array, Orders, Path]


def plant(root: Path, respondent: AnswerWith, *who: Respondent) -> Planted:
    """The conditions of `small` (baseline, two personas), answered by planted respondents.

    Returns the experiment, positions and orders in the scenarios asked, by id, and the run.
    """
    experiment = load(root, limit=12)
    everything = experiment.scenarios["dilemmas"]
    held = positions(who, len(everything), np.random.default_rng(5))
    respondent(planted_engine(experiment, who, held))
    folder = ask(root, new=True, limit=12).folder
    names, (values, actions) = orders(experiment, experiment.conditions[0], 3)
    asked = sorted(names[:12])
    rows = [names.index(one) for one in asked]
    places = [[one.id for one in everything].index(one) for one in asked]
    return experiment, held[:, :, places], (values[rows], actions[rows]), folder


def test_a_run_of_planted_respondents_is_compared_as_it_was_planted(
    root: Path, respondent: AnswerWith
) -> None:
    near = replace(SURE, coherence=0.9)
    who = (SURE, near, replace(SURE, shared=0))
    experiment, held, shown, folder = plant(root, respondent, *who)
    true = [truth(one, own, shown) for one, own in zip(who, held, strict=True)]
    table = compare([folder], {})
    table = table[(table["factor"] == "persona") & (table["within"] == "all")]
    names = [str(condition.columns["persona"]) for condition in experiment.conditions]
    for place, name in enumerate(names[1:], 1):
        rows = table[table["level"] == name].set_index("measure")
        for number, measure in enumerate(("AR", "AD", "gap")):
            assert rows.loc[measure, "figure"] == pytest.approx(true[place][number])
            assert rows.loc[measure, "reference_figure"] == pytest.approx(true[0][number])
            assert rows.loc[measure, "difference"] == pytest.approx(
                true[place][number] - true[0][number]
            )


def test_always_a_through_a_whole_run_is_where_the_experiments_orders_put_a(
    root: Path, respondent: AnswerWith
) -> None:
    always = Respondent(letters=(1.0,))
    _, held, shown, folder = plant(root, respondent, always, always, always)
    true = truth(always, held[0], shown)
    for values, actions in pool_runs([folder]).scores:
        assert alignment_distance(values, actions) == pytest.approx(true[1])
        assert alignment_rate(values, actions) == pytest.approx(true[0])
        assert values[:, 0] == pytest.approx(scores(6)[shown[0][:, 0, 0]])
