"""A real small model, from the package index: read under a constraint, and hardly without one."""

from pathlib import Path

import pytest

from tests.helpers.commands import begun_anew
from tests.helpers.studies import REPOSITORY
from vad.analysis.results import open_run

FETCH_SECONDS = 600
RUN_SECONDS = 1500


@pytest.mark.engine
@pytest.mark.slow
def test_smollm2_is_read_wherever_it_is_constrained(tmp_path: Path) -> None:
    fetched = begun_anew(("models", "fetch", "smollm2-135m"), REPOSITORY, FETCH_SECONDS)
    if fetched.returncode == 3:
        pytest.skip(f"the package index cannot be reached: {fetched.stderr}")
    assert fetched.returncode == 0, fetched.stderr
    asked = ("run", "quickstart", "--limit", "1", "--runs", str(tmp_path))
    told = begun_anew(asked, REPOSITORY, RUN_SECONDS)
    assert told.returncode == 0, told.stderr
    assert "smollm2-135m: loading" in told.stderr
    assert "leniently" in told.stdout
    readings = open_run(tmp_path / "quickstart", REPOSITORY).readings()
    held = readings["decoding"] == "constrained"
    assert (readings["strict"] == readings["asked"])[held].all()
    assert (readings["lenient"] >= readings["strict"]).all()
    assert readings["strict"][~held].sum() < readings["asked"][~held].sum()
