"""Resume: which folder a run goes on in, and whether the study is still the one it began with."""

from pathlib import Path

from .errors import StudyError
from .experiment import Experiment
from .store import read_manifest


def choose_folder(experiment: Experiment, runs: Path, new: bool) -> Path:
    """The newest folder of the experiment, or the next one: x, x-2, x-3, ..."""
    number = 1
    while (runs / _numbered(experiment.name, number + 1)).exists():
        number += 1
    latest = runs / _numbered(experiment.name, number)
    if new and latest.exists():
        return runs / _numbered(experiment.name, number + 1)
    return latest


def same_study(experiment: Experiment, path: Path) -> None:
    """StudyError if the folder belongs to another experiment, or if what its answers depend on
    has changed since it was begun."""
    manifest = read_manifest(path)
    if manifest is None:
        return
    if manifest["experiment"] != experiment.place:
        raise StudyError(
            str(path),
            f"is the run folder of {manifest['experiment']}, not of {experiment.place}",
            "rename one of them, or write elsewhere with --runs DIR",
        )
    before, now = manifest["decides"], experiment.decides()
    changed = [
        key
        for key in sorted({*before, *now})
        if key in before and key in now and before[key] != now[key]
    ]
    changed += [key for key in before if key not in now and key.startswith("setting")]
    if changed:
        raise StudyError(
            str(path),
            "changed since this run began: "
            + ", ".join(key.removeprefix("file ").removeprefix("setting ") for key in changed),
            "undo the change to go on with this run, or start another: vad run "
            f"{experiment.place} --new",
        )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
