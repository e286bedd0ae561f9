"""What each column of a run is, told when rows are written and when they are read."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers.run_folders import persona, random_scores, rows, write_run
from vad.analysis.results import open_run
from vad.design.columns import column
from vad.design.settings import NOT_VARIED, Settings
from vad.errors import StudyError
from vad.runs.store.folder import RunFolder
from vad.runs.store.reader import reusable
from vad.runs.store.schema import RESPONSES, condition_columns, in_role


def row(**more: Any) -> dict[str, Any]:
    filled = dict.fromkeys(RESPONSES) | {"scenario": "s1", "question": "value", "repeat": 0}
    return filled | {"trial": "t1", "valid": False, "problem": "cut off", "model": "m"} | more


def test_a_row_with_a_column_that_nothing_declares_is_not_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", ["leave_out"])
    with pytest.raises(StudyError) as told:
        folder.add("m", [row(leave_out="nothing", mood="sour")], [])
    assert "mood" in str(told.value)
    assert "schema.py" in str(told.value)
    with pytest.raises(StudyError, match="mood"):
        folder.add("m", [row(leave_out="nothing")], [{"trials": ["t1"], "mood": "sour"}])
    assert not [*folder.path.glob("*/*/*.parquet")]
    folder.add("m", [row(leave_out="nothing")], [])
    folder.flush()
    assert folder.answered() == {("t1", "m", *[None] * 6, "nothing")}
    folder.close()


def test_a_varied_setting_is_a_condition_wherever_its_column_stands(tmp_path: Path) -> None:
    table = pd.concat(
        [rows(random_scores(n, 6), random_scores(n + 9, 6), temperature=n) for n in (0, 1)]
    )
    last = table[[*table.columns.drop("temperature"), "temperature"]]
    first = table[["temperature", *table.columns.drop("temperature")]]
    found = [
        open_run(write_run(tmp_path / name, one, temperature=[0, 1])).scores()
        for name, one in (("first", first), ("last", last))
    ]
    pd.testing.assert_frame_equal(found[0], found[1])
    assert found[0]["temperature"].tolist() == [0, 1]


def test_a_column_that_the_manifest_does_not_name_tells_no_conditions_apart(
    tmp_path: Path,
) -> None:
    table = rows(random_scores(1, 6), random_scores(2, 6))
    plain = open_run(write_run(tmp_path / "plain", table))
    marked = table.assign(
        machine=np.arange(len(table)) % 5, order=pd.Series([[0, 1]] * len(table), index=table.index)
    )
    run = open_run(write_run(tmp_path / "marked", marked))
    assert "machine" in run.responses()
    assert "machine" not in run.conditions
    pd.testing.assert_frame_equal(run.scores(), plain.scores())


def test_a_column_that_the_manifest_names_and_the_rows_lack_is_told(tmp_path: Path) -> None:
    table = rows(random_scores(1, 6), random_scores(2, 6))
    run = open_run(write_run(tmp_path / "run", table, leave_out=["nothing", "age"]))
    with pytest.raises(StudyError, match="leave_out"):
        run.scores()


def test_every_setting_that_may_be_varied_has_a_column_of_its_own() -> None:
    varied = set(Settings.model_fields) - set(NOT_VARIED)
    names = condition_columns(varied)
    assert {column(setting) for setting in varied} <= {*names}
    assert {*in_role("condition")} <= {*names}


@pytest.mark.parametrize("name", [*in_role("trial"), *in_role("key"), *in_role("cost")])
def test_a_setting_may_not_take_the_column_of_something_else(name: str) -> None:
    if name == "order":  # it gives way: its column is option_order
        assert "order" not in condition_columns([name])
        return
    with pytest.raises(StudyError, match=name):
        condition_columns([name])


def test_an_answer_taken_over_leaves_the_other_runs_conditions_behind(tmp_path: Path) -> None:
    table = persona("moderate_1", random_scores(1, 3), random_scores(2, 3), leave_out="age")
    write_run(tmp_path / "other", table, leave_out=["nothing", "age"])
    found = reusable(tmp_path, tmp_path / "mine", {*table["trial"]})
    assert len(found) == len(table)
    assert all("leave_out" not in one for one in found.values())
