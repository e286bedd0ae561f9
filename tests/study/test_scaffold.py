"""What a person begins with: a fresh study, the smallest files, the tutorial as it stands."""

import re
import shlex
from pathlib import Path

import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import LONGEST, respond
from tests.helpers.studies import REPOSITORY, ask
from vad.design.experiment import load_experiment
from vad.errors import StudyError
from vad.runs.store.reader import read_table
from vad.study.loader import ALL_FOLDERS, Study
from vad.study.scaffold import fresh_study, new_file

SIMULATED = '[pocket]\nengine = "simulated"\nweights = "experiments/sim.py"\n'


@pytest.fixture
def simulated(root: Path) -> Path:
    """The study, its `pocket` a respondent that writes the longest answer it may."""
    respond(root, LONGEST)
    (root / "experiments" / "models.toml").write_text(SIMULATED)
    return root


def test_a_fresh_study_holds_the_four_folders_and_its_experiments_load(tmp_path: Path) -> None:
    study = Study(fresh_study(tmp_path / "mine"))
    assert {path.name for path in study.root.iterdir()} == set(ALL_FOLDERS)
    for name in ("pocket_quickstart", "replicate"):
        load_experiment(study, study.root / "experiments" / f"{name}.toml")


def test_a_fresh_study_is_never_written_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StudyError, match="is not empty"):
        fresh_study(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_new_format_program_and_experiment_run_as_they_are_written(simulated: Path) -> None:
    study = Study(simulated)
    new_file(study, "format", "mine")
    new_file(study, "program", "mine")
    filled = {"[PROGRAM]": '["direct", "mine"]', "FORMAT": '"explicit", "mine"'}
    path = new_file(study, "experiment", "mine", filled)
    path.write_text(path.read_text().replace("limit = 8", "limit = 1"))
    outcome = ask(simulated, "mine")
    rows = read_table(outcome.folder, "responses")
    assert set(rows["format"]) == {"none", "explicit", "mine"}
    assert set(rows["program"]) == {"direct", "mine"}
    assert rows["valid"].all()


@pytest.mark.parametrize("name", ["Mine", "my-format", "../mine", "class", "3rd", ""])
def test_a_name_that_cannot_be_imported_is_refused_and_nothing_written(
    root: Path, name: str
) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(StudyError, match="a name is lower-case letters"):
        new_file(Study(root), "format", name)
    assert sorted(root.rglob("*")) == before


def test_a_file_that_is_there_is_not_written_over(root: Path, vad: Vad) -> None:
    before = (root / "personas" / "explicit.py").read_text()
    done = vad("new", "format", "explicit")
    assert done.returncode == 2
    assert "personas/explicit.py\n  is there already" in done.stderr
    assert (root / "personas" / "explicit.py").read_text() == before


def test_the_tutorials_files_and_commands_run_in_their_order(simulated: Path, vad: Vad) -> None:
    text = (REPOSITORY / "docs" / "tutorial.md").read_text()
    commands = 0
    for head, body in re.findall(r"```([^\n]+)\n(.*?)```", text, re.DOTALL):
        if head.startswith("python "):
            (simulated / head.removeprefix("python ")).write_text(body)
            continue
        assert head == "sh"
        for line in body.splitlines():
            program, *arguments = shlex.split(line)
            assert program == "vad"
            done = vad(*arguments)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            commands += 1
    assert commands == 9
    rows = read_table(simulated / "runs" / "sides", "responses")
    assert set(rows["program"]) == {"direct", "both_sides"}
    assert rows["valid"].all()
    calls = read_table(simulated / "runs" / "sides", "calls")
    assert set(calls["number"]) == {0, 1}
