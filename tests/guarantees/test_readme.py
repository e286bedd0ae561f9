"""The README's own examples, run as they stand."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import vad
from tests.helpers.commands import Vad
from tests.helpers.respondents import LONGEST, respond
from tests.helpers.studies import REPOSITORY, ask
from vad.engines.profiles import load_profiles
from vad.runs.store.reader import read_table
from vad.study.loader import Study

README = (REPOSITORY / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_format_and_the_program_of_the_readme_run_as_they_stand(root: Path, vad: Vad) -> None:
    letter, think_first, _ = blocks("python")
    assert len(letter.splitlines()) <= 25
    assert len(think_first.splitlines()) <= 40
    (root / "personas" / "letter.py").write_text(letter)
    (root / "signatures" / "think_first.py").write_text(think_first)
    respond(root, LONGEST)
    listed = vad("list").stdout
    assert "letter" in listed
    assert "Think first: think about the dilemma" in listed
    text = (
        'model = "sim"\nlimit = 1\nrepeats = 1\n[vary]\nformat = ["none", "letter"]\n'
        'program = ["direct", "think_first"]\n'
    )
    outcome = ask(root, "readme", text)
    rows = read_table(outcome.folder, "responses")
    assert set(rows["program"]) == {"direct", "think_first"}
    assert set(rows["format"]) == {"none", "letter"}
    assert rows["valid"].all()


def test_the_notebook_of_the_readme_runs_as_it_stands(root: Path, vad: Vad) -> None:
    assert vad("run", "pocket_quickstart", "--model", "sim", "--limit", "2").returncode == 0
    *_, notebook = blocks("python")
    code = f"{notebook}\nassert len(answers) == 60, len(answers)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_program_of_the_readme_is_optimised_with_its_command(root: Path, vad: Vad) -> None:
    command = next(line for line in README.splitlines() if line.startswith("    vad optimize "))
    done = vad(*command.split()[1:], "--model", "sim", "--limit", "40")
    assert done.returncode == 0, done.stderr
    assert "95% interval" in done.stdout


def test_the_model_profile_of_the_readme_is_a_valid_one(root: Path) -> None:
    profile, server, provider = (one for one in blocks("toml") if "weights" in one)
    with (root / "experiments" / "models.toml").open("a") as out:
        out.write(profile + server + provider)
    assert load_profiles(Study(root))["my-model"].engine_args["tensor_parallel_size"] == 2
    assert tomllib.loads(profile)
    models = load_profiles(Study(root))
    assert [models[name].validated for name in ("my-server", "my-provider")] == [False, True]


def test_the_map_names_every_file_and_no_other() -> None:
    architecture = (REPOSITORY / "docs" / "architecture.md").read_text()
    named = re.findall(r"^- `(\S+\.py)` \S", architecture, re.MULTILINE)
    folder = REPOSITORY / "vad"
    there = {str(path.relative_to(folder)) for path in folder.glob("*/**/*.py")}
    assert sorted(named) == sorted(
        p for p in there if not p.endswith(("__init__.py", "__main__.py"))
    )


def test_the_nine_folders_of_the_readme_are_those_of_the_package() -> None:
    (line,) = re.findall(r"^      (study/.*cli/)$", README, re.MULTILINE)
    folders = [f"{path.parent.name}/" for path in (REPOSITORY / "vad").glob("*/__init__.py")]
    assert sorted(line.split()) == sorted(folders)


def test_exactly_these_names_are_public() -> None:
    assert sorted(vad.__all__) == [
        "Adapter",
        "Answered",
        "EngineFailure",
        "Import",
        "Oddity",
        "Option",
        "Permutation",
        "Persona",
        "ProgramFault",
        "Run",
        "Scenario",
        "StudyError",
        "Unicode",
        "Variable",
        "__version__",
        "answer",
        "answering",
        "bounded",
        "check",
        "engine",
        "measures",
        "open_run",
    ]
    assert all(getattr(vad, name) is not None for name in vad.__all__)
    imported = {
        module
        for folder in ("signatures", "personas", "scenarios", "objectives")
        for path in (REPOSITORY / folder).glob("*.py")
        for module in re.findall(r"^from (vad\S*) import", path.read_text(), re.MULTILINE)
    }
    assert imported == {"vad"}
