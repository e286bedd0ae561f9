"""Which modules a verb loads: none that takes long and that it has no use for."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.respondents import respond
from tests.helpers.studies import POCKET, REPOSITORY

HEAVY = ("transformers", "torch", "sklearn", "scipy", "pandas", "altair", "outlines.models", "vllm")

VERB = f"""
import sys
from vad.cli.main import main

try:
    main()
finally:
    print("loaded:", *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""

ASKED = f"""
import sys


def answer(call):
    with open("loaded", "a") as out:
        print(*[name for name in {HEAVY} if name in sys.modules], file=out)
    return call.language.longest
"""


def loaded(root: Path, *arguments: str) -> set[str]:
    """The heavy modules that a verb has loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", VERB, *arguments],
        cwd=root,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return {*done.stderr.rpartition("loaded:")[2].split()}


@pytest.mark.parametrize("model", ["sim", "pocket"])
@pytest.mark.parametrize("verb", ["show", "check"])
def test_what_shows_or_checks_questions_loads_no_model_library(
    root: Path, verb: str, model: str
) -> None:
    assert POCKET.is_dir()
    assert loaded(root, verb, "small", "--model", model) == set()


def test_a_list_loads_nothing_heavy(root: Path) -> None:
    assert loaded(root, "list") == set()


def test_a_run_asks_its_first_question_before_it_loads_what_sums_up(root: Path) -> None:
    respond(root, ASKED)
    assert "pandas" in loaded(root, "run", "small")
    assert (root / "loaded").read_text().splitlines()[0] == ""
    assert loaded(root, "status", "runs/small") <= {"pandas"}


def test_a_report_takes_no_model_library(root: Path) -> None:
    respond(root, ASKED)
    loaded(root, "run", "small")
    found = loaded(root, "report", "runs/small")
    assert not found & {"transformers", "torch", "sklearn", "outlines.models", "vllm"}
