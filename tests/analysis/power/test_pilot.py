"""A pilot run: what its scenarios add to its contrasts, and the power that follows from them."""

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.commands import Vad
from tests.helpers.run_folders import persona, random_scores, rows, write_run
from vad.analysis.comparisons import compare
from vad.analysis.measures import Array
from vad.analysis.power.pilot import pilot
from vad.errors import StudyError

NAN = float("nan")


def answers(seed: int, scenarios: int = 20, repeats: int = 3) -> tuple[Array, Array]:
    return (
        random_scores(2 * seed, scenarios, repeats),
        random_scores(2 * seed + 1, scenarios, repeats),
    )


def test_what_scenarios_add_is_the_paired_difference_in_distance_by_hand(tmp_path: Path) -> None:
    said, close = np.ones((12, 2)), np.full((12, 2), 0.6)
    acted = np.tile([[1.0, -1.0], [0.2, 0.2], [-1.0, -1.0]], (4, 1))
    run = write_run(tmp_path / "run", rows(said, close), persona("moderate_1", said, acted))
    contrast, distance, added = pilot(run, [1, 2])
    assert (contrast.level, contrast.reference) == ("moderate", "baseline")
    assert distance == pytest.approx(0.4)
    # Distances 0, .8, 2 with the first repeat and 1, .8, 2 with both, less .4 each.
    assert added == pytest.approx(
        np.array([np.tile([-0.4, 0.4, 1.6], 4), np.tile([0.6, 0.4, 1.6], 4)])
    )


def test_their_mean_is_the_difference_that_the_run_is_compared_with(tmp_path: Path) -> None:
    first, second, third = answers(1), answers(2), answers(3)
    second[0][4] = NAN
    run = write_run(
        tmp_path / "run",
        rows(*first),
        persona("moderate_1", *second),
        persona("moderate_2", *third),
    )
    contrast, _, added = pilot(run, [3])
    assert added.shape == (1, 19)
    table = compare([run], {})
    table = table[(table["measure"] == "AD") & (table["within"] == "all")]
    only_pair = table[(table["factor"] == "persona") & (table["level"] == "moderate_1")]
    other = table[(table["factor"] == "persona") & (table["level"] == "moderate_2")]
    kept = np.delete(np.arange(20), 4)
    distances = [np.abs(v.mean(axis=1) - a.mean(axis=1))[kept] for v, a in (first, third)]
    expected = (only_pair["difference"].item() + np.mean(distances[1] - distances[0])) / 2
    assert added.mean() == pytest.approx(expected)
    assert len(contrast.pairs) == len(other) + 1


def test_a_run_that_cannot_be_a_pilot_says_why(tmp_path: Path) -> None:
    cases = {
        "has 6 scenarios that count in all conditions": write_run(
            tmp_path / "few", rows(*answers(1, 6)), persona("m_1", *answers(2, 6))
        ),
        "asks each question 1 times": write_run(
            tmp_path / "once", rows(*answers(1, 20, 1)), persona("m_1", *answers(2, 20, 1))
        ),
        "compares nothing": write_run(tmp_path / "one", rows(*answers(1))),
        "is not a run folder": tmp_path / "nowhere",
    }
    for message, run in cases.items():
        with pytest.raises(StudyError, match=message):
            pilot(run, [1, 3])


def test_the_command_draws_its_scenarios_from_a_pilot(root: Path, vad: Vad, tmp_path: Path) -> None:
    small = root / "experiments" / "small.toml"
    small.write_text(small.read_text().replace("[only]", '[only]\ntopics = ["Work"]'))
    run = write_run(tmp_path / "run", rows(*answers(1)), persona("maximal_1", *answers(2)))
    done = vad("power", "small", "--effect", "0.3", "--from", str(run))
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert f"Its scenarios are drawn from the 20 of {run}." in told
    _, _, added = pilot(run, [3])
    assert f"standard deviation of {added.std(ddof=1):.2f} with 3 repeats" in told
