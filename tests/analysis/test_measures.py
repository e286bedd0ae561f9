"""The measures, held to cases that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vad.analysis.conventions import CONVENTIONS, Convention
from vad.analysis.measures import (
    alignment_distance,
    alignment_rate,
    as_ruled,
    cohen_kappa,
    confusion,
    corrected_gap,
    expected_distance,
    mean_answer,
    repeat_agreement,
    shares,
    side,
    signed_gap,
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


def test_a_missing_side_takes_its_scenario_out_of_both_sides() -> None:
    values = np.array([[1.0, 1, 1], [1, 1, 1]])
    actions = np.array([[0.2, 0.2, 0.2], [NAN, NAN, NAN]])
    assert alignment_distance(values, actions) == pytest.approx(0.8)


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


single = arrays(np.float64, (9, 1), elements=st.sampled_from(SIX))


@settings(deadline=None)
@given(single, single)
def test_the_corrected_gap_of_single_answers_is_scikit_learns_linearly_weighted_kappa(
    values: np.ndarray, actions: np.ndarray
) -> None:
    from sklearn.metrics import cohen_kappa_score

    gap = corrected_gap(values, actions)
    if np.isnan(gap):
        assert len(np.unique(np.concatenate([values, actions]))) == 1
        return
    codes = [np.round((scores[:, 0] + 1) * 2.5).astype(int) for scores in (values, actions)]
    kappa = cohen_kappa_score(*codes, weights="linear", labels=range(6))
    assert gap == pytest.approx(kappa)


@given(scores, scores)
def test_the_expected_distance_is_the_mean_over_every_pairing(
    values: np.ndarray, actions: np.ndarray
) -> None:
    stated, chosen = mean_answer(values), mean_answer(actions)
    both = np.isfinite(stated) & np.isfinite(chosen)
    pairs = [abs(v - a) for v in stated[both] for a in chosen[both]]
    mean = np.mean(pairs) if pairs else NAN
    assert expected_distance(stated, chosen) == pytest.approx(mean, nan_ok=True)


def test_a_pull_to_the_middle_lowers_the_distance_and_not_the_corrected_gap() -> None:
    rng = np.random.default_rng(1)
    values, actions = (rng.choice([1.0, -1.0], (400, 1)) for _ in range(2))
    pulled = alignment_distance(values / 5, actions / 5)
    assert pulled == pytest.approx(alignment_distance(values, actions) / 5)
    assert corrected_gap(values / 5, actions / 5) == pytest.approx(corrected_gap(values, actions))
    assert abs(corrected_gap(values, actions)) < 0.15


def test_the_corrected_gap_by_hand() -> None:
    values, actions = np.array([[1.0], [-1.0]]), np.array([[1.0], [-1.0]])
    assert corrected_gap(values, actions) == 1
    assert corrected_gap(values, -actions) == -1
    assert np.isnan(corrected_gap(np.ones((3, 3)) * 0.6, np.ones((3, 3)) * 0.6))


@settings(deadline=None)
@given(scores, scores)
def test_kappa_agrees_with_scikit_learn(values: np.ndarray, actions: np.ndarray) -> None:
    from sklearn.metrics import cohen_kappa_score

    stated, chosen = side(values), side(actions)
    both = np.isfinite(stated) & np.isfinite(chosen)
    kappa = float(cohen_kappa(confusion(stated, chosen))[0])
    if len(np.unique(np.concatenate([stated[both], chosen[both]]))) < 2:
        assert np.isnan(kappa)
    else:
        assert kappa == pytest.approx(cohen_kappa_score(stated[both], chosen[both]))


@given(scores, scores, st.sampled_from(CONVENTIONS))
def test_the_signed_gap_is_never_larger_than_the_distance_and_turns_with_the_questions(
    values: np.ndarray, actions: np.ndarray, convention: Convention
) -> None:
    actions = as_ruled(actions, convention)
    gap = signed_gap(values, actions, convention)
    distance = alignment_distance(values, actions, convention)
    assert np.isnan(gap) == np.isnan(distance)
    if not np.isnan(gap):
        assert abs(gap) <= distance + 1e-12


@given(arrays(np.float64, (6, 2), elements=st.sampled_from([*SIX, NAN])), scores)
def test_cells_scored_together_are_as_cells_scored_alone(
    other: np.ndarray, values: np.ndarray
) -> None:
    said, did = side(values[:6]), side(other)
    cells = np.array([0, 1, 2, 0, 1, 2])
    together = confusion(said, did, cells, 4)
    for cell in range(4):
        alone = confusion(said[cells == cell], did[cells == cell])[0]
        assert (together[cell] == alone).all()


def test_repeats_agree_by_their_pairs_and_one_answer_agrees_with_none() -> None:
    agreement = repeat_agreement(np.array([[1, 1, 1], [1, 1, 0.6], [1, 0.6, NAN], [1, NAN, NAN]]))
    assert agreement[:3] == pytest.approx([1, 1 / 3, 0])
    assert np.isnan(agreement[3])


def test_shares_are_of_the_answers_given_and_missing_where_none_was() -> None:
    given_shares = shares(np.array([0, 0, 2, -1]), 3)
    assert given_shares[0] == pytest.approx([2 / 3, 0, 1 / 3])
    assert np.isnan(shares(np.array([-1]), 3)).all()
