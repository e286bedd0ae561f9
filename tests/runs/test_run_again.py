"""Running again from a manifest."""

import json
from pathlib import Path

import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import BY_SEED, respond
from tests.helpers.studies import REPOSITORY, ask, silent
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.errors import StudyError
from vad.runs.manifest import compose_manifest
from vad.runs.resume import same_plan
from vad.runs.run import run_again
from vad.runs.store.reader import read_manifest, read_table
from vad.study.loader import Study

EXPERIMENTS = sorted(
    path.stem for path in (REPOSITORY / "experiments").glob("*.toml") if path.stem != "models"
)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_manifest_alone_gives_the_plan_of_every_shipped_experiment_again(
    name: str, tmp_path: Path
) -> None:
    study = Study(REPOSITORY)
    path = REPOSITORY / "experiments" / f"{name}.toml"
    plan = make_plan(load_experiment(study, path, limit=1, seed=7, model="pocket"))
    folder = tmp_path / "x"
    folder.mkdir()
    content = compose_manifest(plan, {}, "", {}, {}, {})
    (folder / "manifest.json").write_text(json.dumps(content))
    again = same_plan(folder, Study(REPOSITORY))
    assert [trial.key for trial in again.trials] == [trial.key for trial in plan.trials]
    assert again.experiment.name == "x-again"
    columns = [condition.columns for condition in again.experiment.conditions]
    assert columns == [condition.columns for condition in plan.experiment.conditions]


def test_a_run_is_asked_again_without_its_experiment_file_and_takes_nothing_over(
    root: Path, vad: Vad
) -> None:
    respond(root, BY_SEED)
    first = read_table(ask(root, limit=2, seed=5).folder, "responses")
    (root / "experiments" / "small.toml").unlink()
    told = vad("run", "--from", "runs/small/manifest.json")
    assert told.returncode == 0, told.stderr
    second = read_table(root / "runs" / "small-again", "responses")
    assert second["reused"].isna().all()
    joined = first.merge(second, on=["trial", "persona", "format"])
    assert len(joined) == len(first) == len(second)
    assert (joined["text_x"] == joined["text_y"]).all()
    assert "0 asked now" in vad("run", "--from", "runs/small").stdout


def test_a_run_is_not_asked_again_with_another_prompt_and_the_file_is_named(root: Path) -> None:
    ask(root)
    path = root / "signatures" / "action.py"
    path.write_text(path.read_text().replace("You take part", "You are taking part"))
    with pytest.raises(StudyError, match=r"changed since this run began: signatures/action\.py"):
        run_again(root / "runs" / "small", Study(root), root / "runs", silent)
    assert not (root / "runs" / "small-again").exists()


def test_a_manifest_of_somebody_else_names_no_code_and_no_address(root: Path) -> None:
    folder = ask(root).folder
    manifest = read_manifest(folder) or {}
    (root / "evil.py").write_text("raise SystemExit('ran')")
    manifest["models"]["sim"]["weights"] = "evil.py"
    manifest["settings"]["program"] = "../evil"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(StudyError, match="program"):
        run_again(folder, Study(root), root / "runs", silent)
    manifest["settings"]["program"] = "direct"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    outcome = run_again(folder, Study(root), root / "runs", silent)
    assert outcome.asked == outcome.planned


@pytest.mark.parametrize("flags", [(), ("small", "--from", "runs/small"), ("--from", "runs/x")])
def test_one_of_experiment_and_manifest_is_wanted_and_a_missing_run_is_told(
    vad: Vad, flags: tuple[str, ...]
) -> None:
    told = vad("run", *flags)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert len(told.stderr.strip().splitlines()) <= 3
