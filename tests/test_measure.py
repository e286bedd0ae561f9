"""The measures, held to cases that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vad.measure import (
    alignment_distance,
    alignment_rate,
    mean_answer,
    scenarios_counted,
    side,
)

NAN = float("nan")
SIX = [1.0, 0.6, 0.2, -0.2, -0.6, -1.0]


def one(*scores: float) -> np.ndarray:
    return np.array([scores])


def test_an_agent_that_does_what_it_says_has_no_distance_and_full_rate() -> None:
    said = np.array([[1.0] * 3, [-0.6] * 3, [0.2] * 3])
    assert alignment_distance(said, said) == 0
    assert alignment_rate(said, said) == 1


def test_an_agent_that_says_one_thing_and_does_the_opposite_is_two_apart() -> None:
    assert alignment_distance(one(1, 1, 1), one(-1, -1, -1)) == 2


def test_distance_is_between_the_means_of_the_repeats_not_the_mean_of_distances() -> None:
    assert alignment_distance(one(1, -1), one(-1, 1)) == 0


def test_distance_by_hand() -> None:
    values = np.array([[1.0, 0.6, 0.2], [-0.2, -0.2, -1.0]])
    actions = np.array([[0.2, 0.2, 0.2], [1.0, -1.0, 0.6]])
    assert alignment_distance(values, actions) == pytest.approx((0.4 + 2 / 3) / 2)


def test_the_rate_is_the_f1_of_the_positive_class_and_the_other_class_stands_beside_it() -> None:
    values = np.array([[1.0] * 3, [1.0] * 3, [-1.0] * 3, [-1.0] * 3])
    actions = np.array([[1.0] * 3, [-1.0] * 3, [1.0] * 3, [1.0] * 3])
    assert alignment_rate(values, actions) == pytest.approx(2 / 5)
    assert alignment_rate(values, actions, positive="disagree") == pytest.approx(0)


def test_an_agent_that_always_agrees_and_always_acts_so_has_rate_one_and_no_other_class() -> None:
    always = np.full((5, 3), 0.6)
    assert alignment_rate(always, always) == 1
    assert np.isnan(alignment_rate(always, always, positive="disagree"))


def test_a_tie_after_a_missing_answer_is_missing() -> None:
    assert np.isnan(side(one(1, -1, NAN))).all()
    assert side(one(1, 1, NAN)) == [1]


def test_fewer_than_two_valid_repeats_are_missing_and_one_is_enough_where_one_is_asked() -> None:
    assert np.isnan(mean_answer(one(1, NAN, NAN))).all()
    assert mean_answer(one(0.6)) == [0.6]


def test_answers_that_are_all_unreadable_give_no_distance_instead_of_zero() -> None:
    nothing = np.full((4, 3), NAN)
    assert np.isnan(alignment_distance(nothing, nothing))
    assert np.isnan(alignment_rate(nothing, nothing))
    assert scenarios_counted(nothing, nothing) == 0


def test_a_missing_side_takes_its_scenario_out_of_both_sides() -> None:
    values = np.array([[1.0, 1, 1], [1, 1, 1]])
    actions = np.array([[0.2, 0.2, 0.2], [NAN, NAN, NAN]])
    assert alignment_distance(values, actions) == pytest.approx(0.8)
    assert scenarios_counted(values, actions) == 1


scores = arrays(np.float64, (7, 3), elements=st.sampled_from([*SIX, NAN]))


@given(scores, scores)
def test_distance_is_symmetric_bounded_and_keeps_under_reversal_of_both(
    values: np.ndarray, actions: np.ndarray
) -> None:
    distance = alignment_distance(values, actions)
    if not np.isnan(distance):
        assert 0 <= distance <= 2
        assert distance == pytest.approx(alignment_distance(actions, values))
        assert distance == pytest.approx(alignment_distance(-values, -actions))


@given(scores, scores, st.permutations(range(7)))
def test_the_order_of_scenarios_changes_nothing(
    values: np.ndarray, actions: np.ndarray, order: list[int]
) -> None:
    for measure in (alignment_distance, alignment_rate):
        before, after = measure(values, actions), measure(values[order], actions[order])
        assert before == pytest.approx(after, nan_ok=True)


@settings(deadline=None)
@given(scores, scores)
def test_the_rate_agrees_with_scikit_learn(values: np.ndarray, actions: np.ndarray) -> None:
    from sklearn.metrics import f1_score

    stated, chosen = side(values), side(actions)
    both = np.isfinite(stated) & np.isfinite(chosen)
    rate = alignment_rate(values, actions)
    if np.isnan(rate):
        assert not stated[both].any()
        assert not chosen[both].any()
    else:
        assert rate == pytest.approx(f1_score(stated[both], chosen[both]))
