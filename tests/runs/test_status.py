"""Status: read from a run's folder alone, while it goes on and after."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import respond
from tests.helpers.studies import ask
from vad.errors import StudyError
from vad.runs.status import run_status
from vad.runs.store.folder import RunFolder
from vad.runs.store.reader import read_manifest, read_parts, read_table

COSTS = """
import itertools, json
from vad.engines.base import Reply

turns = itertools.count()


def answer(call):
    text = call.language.longest if next(turns) % 3 else "{}"
    return Reply(text, "stop", prompt_tokens=1000, output_tokens=10)
"""
PRICE = 'price = { input = 2.0, output = 30.0, currency = "EUR" }\n'


@pytest.fixture
def priced(root: Path) -> Path:
    respond(root, COSTS)
    models = root / "experiments" / "models.toml"
    models.write_text(models.read_text().replace("[sim]\n", f"[sim]\n{PRICE}"))
    return root


def test_a_run_that_is_done_says_what_it_came_to(priced: Path, vad: Vad) -> None:
    folder = ask(priced).folder
    rows = read_table(folder, "responses")
    found = run_status(folder)
    assert (found.planned, found.answers, found.held_by) == (54, len(rows), "")
    assert found.unreadable.total() == (~rows["valid"]).sum() == 18
    assert (found.prompt_tokens, found.output_tokens) == (54_000, 540)
    assert found.money == {"EUR": pytest.approx((54_000 * 2 + 540 * 30) / 1e6)}
    assert (found.rate, found.left) == (None, None)
    said = vad("status", str(folder)).stdout
    assert "54 of 54 (100.0%)" in said
    assert "complete" in said
    assert "0.1242 EUR" in said


def test_a_run_that_goes_on_says_rate_and_time_left_of_what_stands_in_its_journal(
    priced: Path,
) -> None:
    done = ask(priced).folder
    rows = [row for part in read_parts(done, "responses") for row in part.to_pylist()]
    manifest = read_manifest(done)
    assert manifest
    going = RunFolder(priced / "runs" / "going", ["format"])
    since = datetime.now(UTC) - timedelta(seconds=10)
    going.write_manifest(
        manifest
        | {"ended": since.isoformat(timespec="seconds"), "counts": {"planned": 54, "answers": 0}}
    )
    for row in rows[:20]:
        going.add("sim", [row], [])
    found = run_status(going.path)
    assert found.held_by.startswith(f"process {os.getpid()} since")
    assert found.answers == 20
    assert found.rate == pytest.approx(2, rel=0.25)
    assert found.left == pytest.approx(34 / (found.rate or 0))
    going.flush()
    going.close()
    assert run_status(going.path).held_by == ""


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="it is not a run folder"):
        run_status(tmp_path)


def test_a_killed_run_is_held_by_nobody(priced: Path) -> None:
    folder = ask(priced).folder
    (folder / ".lock").write_text("process 4194305 since yesterday: vad run small")
    assert run_status(folder).held_by == ""
