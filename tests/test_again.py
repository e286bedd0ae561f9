"""Running again from a manifest, and asking a sample again."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vad.analysis.results import open_run
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.errors import StudyError
from vad.runs.manifest import compose_manifest
from vad.runs.resume import same_plan
from vad.runs.run import run_again
from vad.runs.store.reader import read_manifest, read_table
from vad.study.loader import Study
from vad.tools.reproducibility import Verified, noise_floor, verify

from .conftest import REPOSITORY, Vad
from .runs import rows, write_run
from .test_run import ask, respond

BY_SEED = """    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    letter = random.Random(call.seed).choice("ABCDEF")
    return json.dumps({"reasoning": "So.", name: letter})"""
ONE_IN_FIVE_ANEW = BY_SEED.replace(
    "    return",
    '    letter = random.choice("ABCDEF") if random.random() < 0.2 else letter\n    return',
)
EXPERIMENTS = sorted(
    path.stem for path in (REPOSITORY / "experiments").glob("*.toml") if path.stem != "models"
)


def silent(state: object) -> None:
    """Shows nothing."""


def asked_again(root: Path, sample: int = 54) -> Verified:
    run = open_run(root / "runs" / "small", root)
    return verify(run, Study(root), root / "runs", sample, 2026, silent)


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


def test_a_respondent_that_answers_by_its_seed_comes_out_equal_and_leaves_no_noise(
    root: Path,
) -> None:
    respond(root, BY_SEED)
    folder = ask(root).folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = asked_again(root, sample=20)
    assert len(found.pairs) == 20
    assert found.share("same_text")[0] == found.share("same_answer")[0] == 1
    assert found.share("same_text")[1] < 0.9  # 20 of 20 do not show that all are equal
    assert (found.noise[["ar_noise", "ad_noise"]] < 1e-12).all(axis=None)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert asked_again(root, sample=3).folder.name == "small-verify-2"


def test_a_respondent_that_answers_one_in_five_anew_differs_as_often_as_that_makes(
    root: Path,
) -> None:
    respond(root, ONE_IN_FIVE_ANEW)
    ask(root, limit=40)
    found = asked_again(root, sample=400)
    share, low, high = found.share("same_answer")
    # Both askings draw anew one time in five: equal unless either did, and by chance one in six.
    assert abs(share - (0.64 + 0.36 / 6)) < 0.1  # four standard errors of 400
    assert low < share < high
    assert (found.noise["ad_noise"] > 0).all()


def test_the_noise_of_a_distance_is_that_of_the_answers_it_is_made_of(tmp_path: Path) -> None:
    # Every action of 1 becomes -1 half of the time: AD is twice a mean of n coins.
    n = 100
    run = open_run(write_run(tmp_path / "x", rows(np.ones((n, 1)), np.ones((n, 1)))))
    pairs = pd.DataFrame(
        {
            "question": ["value", "value", "action", "action"],
            "before": 1.0,
            "again": [1.0, 1.0, 1.0, -1.0],
        }
    )
    noise = noise_floor(run, pairs, seed=1)
    assert list(noise["ad"]) == [0.0]
    assert noise["ad_noise"].iloc[0] == pytest.approx(2 * 0.5 / n**0.5, rel=0.15)


def test_an_answer_that_is_unreadable_both_times_is_the_same_and_stays_missing(
    tmp_path: Path,
) -> None:
    actions = np.full((4, 1), np.nan)
    actions[0] = 1.0
    run = open_run(write_run(tmp_path / "x", rows(np.ones((4, 1)), actions)))
    pairs = pd.DataFrame({"question": "action", "before": [np.nan, 1.0], "again": [np.nan, 1.0]})
    noise = noise_floor(run, pairs, seed=1)
    assert noise["ad_noise"].iloc[0] < 1e-12
