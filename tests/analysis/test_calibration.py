"""A small calibration; LOG.md holds the full one, with its seed."""

import numpy as np
import pandas as pd
import pytest

from tests.calibration import calibrate, population

EXPERIMENTS = 200


@pytest.fixture(scope="module")
def judged() -> pd.DataFrame:
    return calibrate(population(7), scenarios=40, experiments=EXPERIMENTS, seed=7)


def likely(share: float) -> tuple[float, float]:
    """Where a share of EXPERIMENTS falls in all but one of some 16,000 cases."""
    error = 4 * np.sqrt(share * (1 - share) / EXPERIMENTS)
    return share - error, share + error


def test_intervals_cover_the_planted_difference_in_19_of_20_experiments(
    judged: pd.DataFrame,
) -> None:
    low, high = likely(0.95)
    assert len(judged) == 18
    assert judged["covered"].between(low, high).all(), judged


def test_where_nothing_is_planted_one_test_in_20_finds_something(judged: pd.DataFrame) -> None:
    twin = judged[judged["contrast"] == "twin"]
    same = judged[judged["contrast"] == "same " + judged["measure"]]
    low, high = likely(0.05)
    assert len(twin) == len(same) == 3
    for rows in (twin, same):
        assert rows["true"].abs().max() < 1e-6
        assert rows["found"].between(low, high).all(), judged


def test_where_something_is_planted_tests_find_it_more_often(judged: pd.DataFrame) -> None:
    coherent = judged[judged["contrast"] == "coherent"].set_index("measure")
    assert (coherent["true"].abs() > 0.1).all()
    assert (coherent["found"] > likely(0.05)[1]).all(), judged
