"""The library's page: its code runs as it stands."""

import re
from pathlib import Path

import pytest

from tests.helpers.respondents import LONGEST
from tests.helpers.studies import REPOSITORY

PAGE = (REPOSITORY / "docs" / "library.md").read_text()


def test_the_worked_task_answers_a_hundred_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "longest.py").write_text(LONGEST)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    code = code.replace("vad.engine(MODEL)", 'vad.engine("./longest.py", engine="simulated")')
    code = code.replace("dspy.configure(lm=lm", "dspy.context(lm=lm")
    found: dict[str, object] = {}
    exec(code, found)
    table = found["table"]
    assert len(table) == 100  # type: ignore[arg-type]
    assert table["problem"].isna().all()  # type: ignore[index]
    assert {len(one) for one in table["aspects"]} == {2}  # type: ignore[index]
