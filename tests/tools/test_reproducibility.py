"""A sample asked again: how often answers differ, and the noise that leaves in a distance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.respondents import BY_SEED, respond
from tests.helpers.run_folders import rows, write_run
from tests.helpers.studies import ask, silent
from vad.analysis.results import open_run
from vad.study.loader import Study
from vad.tools.reproducibility import Verified, noise_floor, verify

ONE_IN_FIVE_ANEW = BY_SEED.replace(
    "    return",
    '    letter = random.choice("ABCDEF") if random.random() < 0.2 else letter\n    return',
)


def asked_again(root: Path, sample: int = 54) -> Verified:
    run = open_run(root / "runs" / "small", root)
    return verify(run, Study(root), root / "runs", sample, 2026, silent)


def test_a_respondent_that_answers_by_its_seed_comes_out_equal_and_leaves_no_noise(
    root: Path,
) -> None:
    respond(root, BY_SEED)
    folder = ask(root).folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = asked_again(root, sample=20)
    assert len(found.pairs) == 20
    assert found.share("same_text")[0] == found.share("same_answer")[0] == 1
    assert found.share("same_text")[1] < 0.9  # 20 of 20 do not show that all are equal
    assert (found.noise[["ar_noise", "ad_noise"]] < 1e-12).all(axis=None)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert asked_again(root, sample=3).folder.name == "small-verify-2"


def test_a_respondent_that_answers_one_in_five_anew_differs_as_often_as_that_makes(
    root: Path,
) -> None:
    respond(root, ONE_IN_FIVE_ANEW)
    ask(root, limit=40)
    found = asked_again(root, sample=400)
    share, low, high = found.share("same_answer")
    # Both askings draw anew one time in five: equal unless either did, and by chance one in six.
    assert abs(share - (0.64 + 0.36 / 6)) < 0.1  # four standard errors of 400
    assert low < share < high
    assert (found.noise["ad_noise"] > 0).all()


def test_the_noise_of_a_distance_is_that_of_the_answers_it_is_made_of(tmp_path: Path) -> None:
    # Every action of 1 becomes -1 half of the time: AD is twice a mean of n coins.
    n = 100
    run = open_run(write_run(tmp_path / "x", rows(np.ones((n, 1)), np.ones((n, 1)))))
    pairs = pd.DataFrame(
        {
            "question": ["value", "value", "action", "action"],
            "before": 1.0,
            "again": [1.0, 1.0, 1.0, -1.0],
        }
    )
    noise = noise_floor(run, pairs, seed=1)
    assert list(noise["ad"]) == [0.0]
    assert noise["ad_noise"].iloc[0] == pytest.approx(2 * 0.5 / n**0.5, rel=0.15)


def test_an_answer_that_is_unreadable_both_times_is_the_same_and_stays_missing(
    tmp_path: Path,
) -> None:
    actions = np.full((4, 1), np.nan)
    actions[0] = 1.0
    run = open_run(write_run(tmp_path / "x", rows(np.ones((4, 1)), actions)))
    pairs = pd.DataFrame({"question": "action", "before": [np.nan, 1.0], "again": [np.nan, 1.0]})
    noise = noise_floor(run, pairs, seed=1)
    assert noise["ad_noise"].iloc[0] < 1e-12
