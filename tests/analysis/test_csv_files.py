"""CSV files: a text that a spreadsheet would compute is shown instead."""

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.studies import ask
from vad.analysis.csv_files import write_csv
from vad.analysis.results import open_run
from vad.errors import StudyError


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1"])
def test_a_text_that_begins_a_formula_is_written_as_text(tmp_path: Path, text: str) -> None:
    write_csv(pd.DataFrame({"persona": [text, "plain"], text: [-0.5, 1.0]}), tmp_path / "x.csv")
    found = pd.read_csv(tmp_path / "x.csv")
    assert list(found["persona"]) == [f"'{text}", "plain"]
    assert list(found.iloc[:, 1]) == [-0.5, 1.0]
    assert found.columns[1] == f"'{text}"


def test_a_run_folder_with_a_link_in_it_is_neither_read_nor_written(root: Path) -> None:
    folder = ask(root).folder
    (root / "elsewhere").mkdir()
    (folder / "tables").symlink_to(root / "elsewhere")
    for use in (lambda: open_run(folder), lambda: ask(root)):
        with pytest.raises(StudyError, match="tables\n  is a symbolic link"):
            use()
    assert not list((root / "elsewhere").iterdir())
