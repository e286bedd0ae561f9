"""A small study in a temporary folder, with respondents made of one function each."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from vad.study.loader import Study

from .helpers.commands import Vad, begun_anew, forked
from .helpers.respondents import AnswerWith, answered_in
from .helpers.studies import POCKET, copy_study


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=15, help="Rounds of the kill test.")
    parser.addoption("--inputs", type=int, default=250, help="Broken inputs to try.")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests run in two processes: all with a real engine in one, first of all, others by file."""
    items.sort(key=lambda item: item.get_closest_marker("engine") is None)
    for item in items:
        group = "engine" if item.get_closest_marker("engine") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of the tests' own: nothing of them lands in the person's."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["VAD_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study that those of the tests are copies of."""
    folder = copy_study(tmp_path_factory.mktemp("copied") / "study")
    with (folder / "experiments" / "models.toml").open("a") as models:
        models.write(f'\n[pocket]\nweights = "{POCKET}"\nmax_model_len = 1536\n')
    return folder


@pytest.fixture
def root(copied: Path, tmp_path: Path) -> Path:
    """The folder of a study like ours, its models a respondent that always answers A and pocket."""
    return Path(shutil.copytree(copied, tmp_path / "study"))


@pytest.fixture
def study(root: Path) -> Study:
    return Study(root)


@pytest.fixture
def respondent(monkeypatch: pytest.MonkeyPatch) -> AnswerWith:
    """Has one function of a call answer the runs of a test, whatever model they name."""
    return answered_in(monkeypatch)


@pytest.fixture
def vad(root: Path, request: pytest.FixtureRequest) -> Vad:
    """The command line, run in the study as a person would; with a real engine, begun anew."""
    run = forked if request.node.get_closest_marker("engine") is None else begun_anew

    def command(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return run(arguments, root, timeout)

    return command
