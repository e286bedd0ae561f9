"""A small study in a temporary folder, with respondents made of one function each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vad.study.loader import ALL_FOLDERS, Study

from .command import forked

REPOSITORY = Path(__file__).parent.parent
POCKET = REPOSITORY / "experiments" / "pocket"

NOT_SHIPPED = ("pocket", "__pycache__", "via.jsonl", "*.oddities.csv")

ALWAYS_A = """
import json

def answer(call):
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    return json.dumps({"reasoning": "It comes first.", name: "A"})
"""

EXPERIMENT = """# Two formats, three dilemmas, a respondent made of one function.
model = "sim"
repeats = 3
limit = 3

[only]
personas = ["maximal_1", "maximal_4"]

[vary]
format = ["none", "explicit"]
"""

Vad = Callable[..., subprocess.CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=30, help="Rounds of the kill test.")
    parser.addoption("--inputs", type=int, default=500, help="Broken inputs to try.")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests run in two processes: all with a real engine in one, first of all, others by file."""
    items.sort(key=lambda item: item.get_closest_marker("engine") is None)
    for item in items:
        group = "engine" if item.get_closest_marker("engine") else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a study like ours, its models a respondent that always answers A and pocket."""
    folder = tmp_path / "study"
    for name in ALL_FOLDERS:
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns(*NOT_SHIPPED)
        )
    (folder / "experiments" / "sim.py").write_text(ALWAYS_A)
    (folder / "experiments" / "small.toml").write_text(EXPERIMENT)
    (folder / "experiments" / "models.toml").write_text(
        '[sim]\nengine = "simulated"\nweights = "experiments/sim.py"\n\n'
        f'[pocket]\nweights = "{POCKET}"\nmax_model_len = 1536\n'
    )
    return folder


@pytest.fixture
def study(root: Path) -> Study:
    return Study(root)


@pytest.fixture
def vad(root: Path, request: pytest.FixtureRequest) -> Vad:
    """The command line, run in the study as a person would; with a real engine, begun anew."""
    anew = request.node.get_closest_marker("engine") is not None

    def command(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"COLUMNS": "120"}
        if not anew:
            return forked(arguments, root, environment, timeout)
        return subprocess.run(
            [sys.executable, "-m", "vad.cli", *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=environment,
        )

    return command
