"""A run in a notebook: what its DataFrames hold, and how they agree with one another."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vad
from tests.helpers.run_folders import persona, random_scores, rows, write_run
from vad.analysis.measure_table import BY_NAME
from vad.analysis.measures import alignment_distance, alignment_rate
from vad.errors import StudyError


def scored(seed: int, repeats: int = 3) -> tuple[np.ndarray, np.ndarray]:
    return random_scores(seed, 12, repeats), random_scores(seed + 100, 12, repeats)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(
        tmp_path / "run",
        rows(*scored(1)),
        persona("moderate_1", *scored(2)),
        persona("moderate_2", *scored(3)),
    )


def test_scores_are_a_row_a_condition_each_measured_alone(folder: Path) -> None:
    table = vad.open_run(folder).scores()
    assert list(table["persona"]) == ["baseline", "moderate_1", "moderate_2"]
    assert {*BY_NAME} <= {*table}
    for row, seed in zip(table.to_dict("records"), (1, 2, 3), strict=True):
        assert row["ar"] == pytest.approx(alignment_rate(*scored(seed)))
        assert row["ad"] == pytest.approx(alignment_distance(*scored(seed)))


def test_scores_by_a_column_are_means_over_conditions(folder: Path) -> None:
    run = vad.open_run(folder)
    by_category = run.scores(by="category").set_index("category")
    alone = [alignment_distance(*scored(seed)) for seed in (2, 3)]
    assert by_category.loc["moderate", "ad"] == pytest.approx(np.mean(alone))
    assert len(run.scores(by=["persona", "value"])) == 6
    assert len(run.scores(by=())) == 1


def test_scores_come_in_the_convention_named(folder: Path) -> None:
    run = vad.open_run(folder)
    ours, theirs = run.scores(by=()), run.scores("shen2025", by=())
    assert theirs["ad"][0] == pytest.approx(ours["ad"][0] / 2)
    with pytest.raises(StudyError, match='did you mean "shen2025"'):
        run.scores("shen2026")


def test_a_group_of_values_is_known_where_a_study_is_near(folder: Path, root: Path) -> None:
    run = vad.open_run(folder, root)
    assert set(run.answers.items["group"].isna()) == {True}  # v0 and v1 are no values of ours
    honest = run.responses().replace({"value": {"v0": "Honest", "v1": "Wealth"}})
    run = vad.open_run(write_run(root / "runs" / "x", honest))
    assert set(run.scores(by="group")["group"]) == {"self-transcendence", "self-enhancement"}
    assert set(run.compare()["within"]) == {"all", "group", "topic"}


def test_responses_manifest_and_comparisons_are_at_hand(folder: Path) -> None:
    run = vad.open_run(folder)
    assert len(run.responses()) == 3 * 12 * 2 * 3
    assert run.manifest["vary"] == {"format": ["none", "explicit"]}
    table = run.compare()
    assert set(table[table["factor"] == "persona"]["level"]) == {"moderate_1", "moderate_2"}


def test_fewer_repeats_in_one_condition_are_not_missing_answers(tmp_path: Path) -> None:
    once, thrice = scored(1, repeats=1), scored(2)
    run = vad.open_run(
        write_run(
            tmp_path / "run",
            rows(*once, repeats=1),
            rows(*thrice, repeats=3),
            repeats=[1, 3],
        )
    )
    table = run.scores()
    assert list(table["missing"]) == [0, 0]
    assert list(table["answers"]) == [24, 72]
    for convention, divisor in (("thesis2026", 1), ("shen2025", 2)):
        found = list(run.scores(convention)["ad"])
        alone = [alignment_distance(*both) / divisor for both in (once, thrice)]
        assert found == pytest.approx(alone)
    assert np.isnan(table["agreement_value"][0])
    assert list(run.compare()["scenarios"])[:1] == [12]


def test_conditions_may_have_scales_of_their_own(tmp_path: Path) -> None:
    four = np.array([[1.0], [1 / 3], [-1 / 3], [-1.0]])
    six = np.array([[0.6], [0.2], [-0.2], [-0.6]])
    run = write_run(
        tmp_path / "run", rows(four, four), rows(six, six, program="b"), program=["direct", "b"]
    )
    assert list(vad.open_run(run).scores()["ad"]) == [0, 0]


def test_what_is_no_run_is_one_message(tmp_path: Path, root: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(StudyError, match="is not a run folder"):
            vad.open_run(place)
    run = write_run(tmp_path / "run", rows(*scored(1)))
    with pytest.raises(StudyError, match="lies in no study"):
        vad.open_run(run, tmp_path)
    with pytest.raises(StudyError, match='did you mean "category"'):
        vad.open_run(run).scores(by="categry")


def test_an_answer_that_no_condition_was_asked_for_is_missing_in_every_figure(
    tmp_path: Path,
) -> None:
    nothing = np.full((4, 3), np.nan)
    table = vad.open_run(write_run(tmp_path / "run", rows(nothing, nothing))).scores()
    assert table[["ar", "ad", "kappa", "corrected_gap", "signed_gap"]].isna().all().all()
    assert (table["share_missing"][0], table["scenarios"][0]) == (1, 0)


def test_importing_vad_waits_with_pandas_until_a_run_is_opened() -> None:
    code = "import sys, vad; assert 'pandas' not in sys.modules; vad.open_run; print(vad.Run)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
