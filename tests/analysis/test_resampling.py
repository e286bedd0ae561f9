"""Figures from sums, resamples and permutations, each held to the slow way of computing it."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtrit
from sklearn.metrics import cohen_kappa_score

from tests.helpers.run_folders import random_scores
from vad.analysis.comparisons import holm
from vad.analysis.contrasts import Contrast
from vad.analysis.measures import Array, alignment_distance, alignment_rate, corrected_gap
from vad.analysis.paired_tests import compare_pairs, contrast_figures
from vad.analysis.resampling import (
    common,
    draws,
    levels,
    measures_of,
    permuted,
    resampled,
    scenario_columns,
    signs,
)

ONE_PAIR = Contrast("persona", "p", "baseline", True, ((1, 0),), (1.0,))


def slow(values: Array, actions: Array) -> list[float]:
    return [
        alignment_rate(values, actions),
        alignment_distance(values, actions),
        corrected_gap(values, actions),
    ]


def statistics(
    condition: tuple[Array, Array], reference: tuple[Array, Array]
) -> list[dict[str, Any]]:
    """Of one pair: the columns for AR, AD and gap."""
    scale = levels([*condition, *reference])
    sums = np.stack([scenario_columns(*reference, scale), scenario_columns(*condition, scale)])
    reached = np.ones(len(condition[0]), dtype=bool)
    pair = compare_pairs(sums, [(1, 0)], scale)[1, 0]
    return contrast_figures(ONE_PAIR, [pair], reached)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_figures_from_sums_are_those_of_the_arrays(missing: float) -> None:
    values, actions = random_scores(1, 40, missing=missing), random_scores(2, 40, missing=missing)
    scale = levels([values, actions])
    found = measures_of(scenario_columns(values, actions, scale).sum(axis=0), scale)
    assert found == pytest.approx(slow(values, actions))


def test_the_gap_of_single_answers_is_linearly_weighted_kappa() -> None:
    values, actions = random_scores(3, 60, repeats=1), random_scores(4, 60, repeats=1)
    scale = levels([values, actions])
    gap = measures_of(scenario_columns(values, actions, scale).sum(axis=0), scale)[2]
    labels = np.arange(6)
    coded = [np.round((side[:, 0] + 1) / 0.4).astype(int) for side in (values, actions)]
    kappa = cohen_kappa_score(*coded, labels=labels, weights="linear")
    assert gap == pytest.approx(kappa)


def test_the_gap_by_hand() -> None:
    # Values 1 and -1, actions 1 and -1 in the same order: AD 0; at random 0, 2, 2, 0: 1.
    same = np.array([[1.0], [-1.0]])
    scale = levels([same])
    assert measures_of(scenario_columns(same, same, scale).sum(axis=0), scale)[2] == pytest.approx(
        1
    )
    assert measures_of(scenario_columns(same, -same, scale).sum(axis=0), scale)[2] == pytest.approx(
        -1
    )


def test_figures_that_are_not_defined_are_missing() -> None:
    agree = np.ones((3, 3))
    scale = levels([agree])
    rate, distance, gap = measures_of(scenario_columns(agree, agree, scale).sum(axis=0), scale)
    assert (rate, distance) == (1, 0)
    assert np.isnan(gap)
    nothing = np.full((3, 3), np.nan)
    assert np.isnan(measures_of(scenario_columns(nothing, agree, scale).sum(axis=0), scale)).all()
    none = levels([nothing])
    assert np.isnan(measures_of(scenario_columns(nothing, nothing, none).sum(axis=0), none)).all()


def test_a_bootstrap_resample_is_the_figures_of_the_scenarios_drawn() -> None:
    values, actions = random_scores(5, 30, missing=0.1), random_scores(6, 30, missing=0.1)
    scale, drawn = levels([values, actions]), draws(30)
    found = resampled(scenario_columns(values, actions, scale)[:, None], drawn, scale)
    for place in (0, 7, 1999):
        chosen = np.repeat(np.arange(30), drawn[place].astype(int))
        assert found[place, 0] == pytest.approx(slow(values[chosen], actions[chosen]), abs=1e-5)


def test_a_permutation_exchanges_values_and_actions_of_the_scenarios_with_a_minus() -> None:
    one, other = [(random_scores(n, 20), random_scores(n + 1, 20)) for n in (10, 20)]
    scale, flips = levels([*one, *other]), signs(20)
    sides = common(scenario_columns(*one, scale), scenario_columns(*other, scale))
    found = permuted(sides[0][:, None], sides[1][:, None], flips, scale)
    for place in (0, 7, 9999):
        swap = flips[place][:, None] < 0
        a = [np.where(swap, theirs, mine) for mine, theirs in zip(one, other, strict=True)]
        b = [np.where(swap, mine, theirs) for mine, theirs in zip(one, other, strict=True)]
        assert found[place, 0] == pytest.approx(np.subtract(slow(*a), slow(*b)), abs=1e-5)


def test_p_for_the_distance_is_that_of_all_sign_flips() -> None:
    said = np.ones((7, 1))
    acted = np.array([[1.0], [0.6], [0.6], [0.2], [0.6], [0.2], [-0.2]])
    before = np.array([[0.6], [0.6], [0.2], [-0.6], [-0.2], [0.6], [-1.0]])
    differences = (np.abs(said - acted) - np.abs(said - before))[:, 0]
    flipped = [abs(np.dot(sign, differences)) for sign in itertools.product((1, -1), repeat=7)]
    exact = np.mean(np.array(flipped) >= abs(differences.sum()) - 1e-9)
    p = statistics((said, acted), (said, before))[1]["p"]
    assert p == pytest.approx(exact, abs=0.015)


def test_p_for_the_rate_counts_half_of_the_exchanges_that_come_as_far() -> None:
    said = np.ones((6, 1))
    acted = np.array([[1.0], [0.6], [0.6], [0.2], [0.6], [-0.2]])
    before = np.array([[0.6], [-0.6], [0.2], [-0.6], [-0.2], [-0.6]])
    observed = alignment_rate(said, acted) - alignment_rate(said, before)
    apart = []
    for flips in itertools.product((False, True), repeat=6):
        swap = np.array(flips)[:, None]
        one, other = np.where(swap, before, acted), np.where(swap, acted, before)
        apart.append(abs(alignment_rate(said, one) - alignment_rate(said, other)))
    tied = np.isclose(apart, abs(observed))
    farther = ~tied & (np.array(apart) > abs(observed))
    assert tied.mean() > 0.1
    p = statistics((said, acted), (said, before))[0]["p"]
    assert p == pytest.approx(farther.mean() + tied.mean() / 2, abs=0.015)


def test_effect_and_detectable_difference_by_hand() -> None:
    said = np.ones((4, 1))
    acted, before = np.array([[1.0], [1.0], [0.6], [0.2]]), np.array([[0.6], [0.2], [0.2], [0.2]])
    distance = statistics((said, acted), (said, before))[1]
    # Differences in distance -.4, -.8, -.4, 0: mean -.4, standard deviation .8 / root of 6.
    assert distance["difference"] == pytest.approx(-0.4)
    assert distance["effect"] == pytest.approx(-0.4 / (0.8 / 6**0.5))
    assert distance["detectable"] == pytest.approx((1.959964 + 0.841621) * 0.8 / 6**0.5 / 2)


def test_the_interval_of_a_mean_is_as_wide_as_students() -> None:
    said, random = np.ones((16, 1)), np.random.default_rng(1)
    acted, before = random.uniform(-1, 1, (2, 16, 1))
    shifts = (before - acted)[:, 0]
    row = statistics((said, acted), (said, before))[1]
    error = shifts.std(ddof=1) / 4
    assert row["high"] - row["low"] == pytest.approx(2 * stdtrit(15, 0.975) * error, rel=0.05)


def test_one_scenario_has_no_interval() -> None:
    said = np.ones((1, 3))
    row = statistics((said, said), (said, -said))[1]
    assert row["difference"] == pytest.approx(-2)
    assert np.isnan([row["low"], row["high"]]).all()


def test_a_known_shift_is_found_and_its_interval_covers_it() -> None:
    random = np.random.default_rng(7)
    values = np.ones((150, 3))
    before = np.clip(random.normal(0.2, 0.2, (150, 3)), -1, 1)
    covered = 0
    for _ in range(12):
        after = np.clip(before + 0.1 + random.normal(0, 0.1, (150, 3)), -1, 1)
        distance = statistics((values, after), (values, before))[1]
        assert distance["p"] < 0.01
        covered += distance["low"] < -0.1 < distance["high"]
    assert covered >= 10


def test_without_an_effect_p_is_roughly_uniform() -> None:
    found = []
    for seed in range(60):
        one = random_scores(4 * seed, 40), random_scores(4 * seed + 1, 40)
        other = random_scores(4 * seed + 2, 40), random_scores(4 * seed + 3, 40)
        found.append([row["p"] for row in statistics(one, other)])
    for p in np.array(found).T:
        assert np.mean(p <= 0.05) <= 0.15
        assert abs(np.mean(p <= 0.5) - 0.5) < 0.2
        assert abs(p.mean() - 0.5) < 0.12


def test_conditions_that_answer_alike_differ_by_nothing() -> None:
    values, actions = random_scores(8, 30), random_scores(9, 30)
    for row in statistics((values, actions), (values, actions)):
        assert (row["difference"], row["low"], row["high"], row["p"]) == (0, 0, 0, 1)
        assert np.isnan(row["effect"])


def test_holm_by_hand_and_a_missing_p_is_no_test() -> None:
    # Three tests: .01 x 3, .02 x 2, .04 x 1 raised to the one before; the missing one counts not.
    adjusted = holm(np.array([0.04, np.nan, 0.01, 0.02]))
    assert adjusted[[2, 3, 0]] == pytest.approx([0.03, 0.04, 0.04])
    assert np.isnan(adjusted[1])
    assert holm(np.array([0.6, 0.9])) == pytest.approx([1, 1])
