"""A run whose every text could pass for markup or script, some answers unreadable."""

import json
import shutil
from pathlib import Path

from vad.analysis.results import Run, open_run
from vad.design.experiment import load_experiment
from vad.runs.run import run
from vad.study.loader import ALL_FOLDERS, Study

from .conftest import REPOSITORY

ODD = (
    "</script><script>document.title = 'broken in'</script> <!-- & \"quoted\" 'too' \u2028 "
    "<img src=x onerror=\"document.title='broken in'\"> &amp; \\u003c {{ 7 * 7 }}"
)
RESPONDENT = """
import json

ODD = {odd!r}

def answer(call):
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    said = json.dumps({{"reasoning": f"{{ODD}} {{call.seed}}", name: "ABCDEF"[call.seed % 6]}})
    return said if call.seed % 7 else "Sure! " + said
"""
EXPERIMENT = """# Is <b>bold</b> & "quoted" text shown as it is?
scenarios = "odd"
model = "sim"
decoding = "free"
repeats = 3

[only]
personas = ["moderate_1", "moderate_2", "maximal_1"]

[vary]
format = ["none", "explicit", "numeric"]
"""


def odd_study(folder: Path) -> Study:
    """A copy of ours, its eight dilemmas and its respondent as odd as can be."""
    for name in ALL_FOLDERS:
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("pocket", "__pycache__")
        )
    lines = (REPOSITORY / "scenarios" / "dilemmas.jsonl").read_text().splitlines()
    scenarios = [json.loads(line) for line in lines]
    values = ["Equality", "Freedom", "Honest", "Obedient"]
    chosen = [one for one in scenarios if one["value"] in values]
    chosen = [one for one in chosen if one["topic"] in ("Work", "Family")]
    for one in chosen:
        one["text"] += f" {ODD}"
        one["setting"] = ODD
        one["options"][0]["text"] += f" {ODD}"
    text = "\n".join(json.dumps(one) for one in chosen)
    (folder / "scenarios" / "odd.jsonl").write_text(text)
    (folder / "experiments" / "sim.py").write_text(RESPONDENT.format(odd=ODD))
    (folder / "experiments" / "odd.toml").write_text(EXPERIMENT)
    (folder / "experiments" / "models.toml").write_text(
        '[sim]\nengine = "simulated"\nweights = "experiments/sim.py"\n'
    )
    return Study(folder)


def odd_run(folder: Path) -> Run:
    """The run of that study's experiment."""
    study = odd_study(folder)
    experiment = load_experiment(study, study.root / "experiments" / "odd.toml")
    return open_run(run(experiment, study.root / "runs", False, lambda state: None).folder)
