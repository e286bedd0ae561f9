"""Study: a copy of ours in a temporary folder, its experiments and what is asked of them."""

import shutil
from pathlib import Path

from vad.design.experiment import Experiment, load_experiment
from vad.runs.recorder import Outcome
from vad.runs.run import run
from vad.study.loader import ALL_FOLDERS, Study

from .respondents import ALWAYS_A

REPOSITORY = Path(__file__).parent.parent.parent
POCKET = REPOSITORY / "experiments" / "pocket"

NOT_SHIPPED = ("pocket", "__pycache__", "via.jsonl", "*.oddities.csv")
SIMULATED = '[sim]\nengine = "simulated"\nweights = "experiments/sim.py"\n'
SMALL = """# Two formats, three dilemmas, a respondent made of one function.
model = "sim"
repeats = 3
limit = 3

[only]
personas = ["maximal_1", "maximal_4"]

[vary]
format = ["none", "explicit"]
"""


def copy_study(folder: Path) -> Path:
    """Ours, its one model a respondent that always answers A, with the experiment `small`."""
    for name in ALL_FOLDERS:
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns(*NOT_SHIPPED)
        )
    (folder / "experiments" / "sim.py").write_text(ALWAYS_A)
    (folder / "experiments" / "small.toml").write_text(SMALL)
    (folder / "experiments" / "models.toml").write_text(SIMULATED)
    return folder


def load(root: Path, name: str = "small", text: str = "", **overrides: object) -> Experiment:
    """An experiment of the study by its name, its file written first where a text is given."""
    path = root / "experiments" / f"{name}.toml"
    if text:
        path.write_text(text)
    return load_experiment(Study(root), path, **overrides)


def ask(
    root: Path, name: str = "small", text: str = "", new: bool = False, **overrides: object
) -> Outcome:
    """What came of a run of that experiment."""
    return run(load(root, name, text, **overrides), root / "runs", new, silent)


def silent(state: object) -> None:
    """Shows nothing of a run."""
