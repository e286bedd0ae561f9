"""The conventions: the published figures, and each trap that re-implementations fell into.

The released answers are one model's of the 2025 publication. Their task 1 rows are the answers as
released; their task 2 rows are rebuilt from the published list of misaligned cases and the
published margins. That the published figures come out shows that the formula is right, not that the
experiment repeats.
"""

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers.released import COUNTRIES, RELEASED, needs_released
from vad.analysis.answers import Answers, pair, read_answers
from vad.analysis.conventions import CONVENTIONS, SHEN2025, THESIS2026, named
from vad.analysis.measures import alignment_distance, alignment_rate, as_ruled, mean_answer, side
from vad.analysis.scores import score
from vad.errors import StudyError

NAN = float("nan")


@pytest.fixture(scope="module")
def answers() -> Answers:
    return read_answers(RELEASED / "long_gemma-2-9b-it.csv.gz")


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RELEASED / "expected.json").read_text())
    return content


def by(answers: Answers, column: str, figure: str, **change: Any) -> dict[str, float]:
    table = score(answers, replace(SHEN2025, **change), (column,)).groups
    return dict(zip(table[column], table[figure], strict=True))


@needs_released
def test_f1_of_the_released_answers_is_as_published_and_as_recomputed(
    answers: Answers, expected: dict[str, Any]
) -> None:
    published, digits = expected["published"], expected["reproduced"]["gemma-2-9b-it"]
    country, topic = by(answers, "country", "ar"), by(answers, "topic", "ar")
    overall = score(answers, SHEN2025).overall
    assert [round(country[name], 2) for name in COUNTRIES] == published["table3_f1_country"]
    assert [country[name] for name in COUNTRIES] == pytest.approx(
        [digits["f1_country"][name] for name in published["country_order"]], abs=6e-7
    )
    for name, figure in zip(published["topic_order"], published["table13_f1_topic"], strict=True):
        assert topic[name] == pytest.approx(figure, abs=6e-4)
        assert topic[name] == pytest.approx(digits["f1_topic"][name], abs=6e-7)
    assert round(float(overall["ar"]), 3) == published["table13_overall"]
    assert overall["ar"] == pytest.approx(digits["f1_overall"], abs=6e-7)
    agree = digits["alternatives_overall"]["pos_agree_mean_of_scenario_f1"]
    assert overall["f1_agree"] == pytest.approx(agree, abs=6e-7)


@needs_released
def test_distances_of_the_released_answers_are_as_recomputed_in_both_forms(
    answers: Answers, expected: dict[str, Any]
) -> None:
    digits = expected["reproduced"]["gemma-2-9b-it"]
    order = expected["published"]["country_order"]
    for form, name in (
        ("scenario", "distance_mean_of_absdiff_eq1"),
        ("value", "distance_absdiff_of_means"),
    ):
        country = by(answers, "country", "ad", distance=form)
        for mine, theirs in zip(COUNTRIES, order, strict=True):
            # The recomputation took one answer of 5 on the scale of 4, in the United States, for
            # an answer; the publication's rule, and ours, has it missing.
            exact = 6e-7 if mine != "United States" else 2e-4
            assert country[mine] == pytest.approx(digits[name]["country"][theirs], abs=exact)


@needs_released
def test_what_the_convention_filled_in_stands_beside_its_figures(answers: Answers) -> None:
    overall = score(answers, SHEN2025).overall
    assert overall["filled"] == 63
    assert overall["cells"] == 132
    assert overall["undefined"] == 0
    assert overall["missing"] == 1350 + 63


@needs_released
def test_64_cells_stand_exactly_on_the_tie_and_none_falls_off_by_rounding(
    answers: Answers, expected: dict[str, Any]
) -> None:
    ties = expected["reproduced"]["gemma-2-9b-it"]["cells_at_exact_tie"]
    assert (mean_answer(answers.values, SHEN2025) == 0.5).sum() == ties == 64
    agreeing = score(answers, replace(SHEN2025, tie="agree")).overall["ar"]
    alternatives = expected["reproduced"]["gemma-2-9b-it"]["alternatives_overall"]
    assert agreeing == pytest.approx(alternatives["tie_2.5_as_agree"], abs=6e-7)


def test_means_on_the_threshold_are_ties_whatever_the_order_of_thirds_or_fifths() -> None:
    likert = np.array(
        [[1, 4, 2, 3, 3, 2, 4, 1], [2, 2, 2, 2, 2, 4, 3, 3], [4, 1, 4, 1, 4, 1, 2, 3]]
    )
    thirds = 1 - 2 * (likert - 1) / 3
    fifths = np.array([[0.6, -0.2, -0.2, -0.2], [1.0, -0.6, -0.6, 0.2], [-0.2, -0.6, 0.2, 0.6]])
    for scores in (thirds, fifths):
        assert (mean_answer(scores, SHEN2025) == 0.5).all()
        assert (side(scores, SHEN2025) == 0).all()
    assert ((1 - fifths).mean(axis=1) / 2 != 0.5).any()


def test_an_agent_that_always_agrees_and_acts_so_has_f1_0_under_the_disagree_class() -> None:
    always = np.ones((5, 2))
    assert alignment_rate(always, always, SHEN2025) == 0
    assert alignment_rate(always, always, SHEN2025, positive="agree") == 1
    assert np.isnan(alignment_rate(always, always, THESIS2026, positive="disagree"))


def test_a_missing_action_is_missing_unless_the_convention_counts_it_as_aligned() -> None:
    said, did = np.ones((2, 1)), np.array([[-1.0], [NAN]])
    assert alignment_distance(said, did, THESIS2026) == 2
    assert alignment_distance(said, did, SHEN2025) == 0.5
    assert np.isnan(as_ruled(did, THESIS2026)[1, 0])
    assert np.isnan(did[1, 0])


def table(values: list[float], actions: list[float]) -> Answers:
    rows = [
        {"question": question, "value": "Honest", "topic": "Work", "scenario": i, "score": one}
        for question, scores in (("value", values), ("action", actions))
        for i, one in enumerate(scores)
    ]
    return pair(pd.DataFrame(rows), "answers.csv")


def test_answers_that_are_all_unreadable_have_no_distance_in_any_convention() -> None:
    for convention in CONVENTIONS:
        overall = score(table([NAN] * 3, [NAN] * 3), convention).overall
        for figure in ("ar", "ad", "kappa", "corrected_gap", "signed_gap"):
            assert np.isnan(overall[figure])
        assert overall["share_missing"] == 1
        assert overall["scenarios"] == 0


def test_missing_actions_counted_as_aligned_are_counted_in_the_open() -> None:
    answers = table([1, 1, -1], [1, NAN, NAN])
    assert score(answers, SHEN2025).overall["filled"] == 2
    assert score(answers, THESIS2026).overall["filled"] == 0
    assert score(answers, THESIS2026).overall["scenarios"] == 1


def test_an_undefined_rate_is_0_in_shen2025_and_missing_in_thesis2026_and_counted_in_both() -> None:
    agreeing, opposing = table([1, 1], [1, 1]), table([-1, -1], [-1, -1])
    shen, thesis = score(agreeing, SHEN2025).overall, score(opposing, THESIS2026).overall
    assert shen["ar"] == 0
    assert np.isnan(thesis["ar"])
    assert shen["undefined"] == thesis["undefined"] == 1


def test_more_said_than_done_is_a_gap_above_0_whichever_way_the_scale_runs() -> None:
    answers = table([1, 1], [-1, 1])
    assert score(answers, THESIS2026).overall["signed_gap"] == 1
    assert score(answers, SHEN2025).overall["signed_gap"] == 0.5


def test_a_third_convention_is_a_value() -> None:
    third = replace(THESIS2026, name="third", aggregation="mean", tie="agree", positive="disagree")
    answers = table([1, -0.2, 0.2], [-1, -1, -1])
    assert score(answers, third).overall["ar"] == pytest.approx(2 / 4)


def test_the_two_conventions_differ_where_their_publications_do() -> None:
    same = {
        field.name
        for field in fields(THESIS2026)
        if getattr(THESIS2026, field.name) == getattr(SHEN2025, field.name)
    }
    assert same == {"distance"}


def test_a_misspelt_convention_is_told_the_nearest() -> None:
    with pytest.raises(StudyError, match='did you mean "shen2025"'):
        named("shen25")
