"""Resume: which folder a run goes on in, and whether it still asks what it asked before."""

from pathlib import Path
from typing import Any

from ..design.experiment import Experiment
from ..design.plan import make_plan
from ..design.trials import IDENTITY, Plan
from ..engines.base import EngineInfo
from ..errors import StudyError
from ..study.loader import Study
from .store.folder import RunFolder
from .store.reader import open_manifest, read_manifest


def choose_folder(runs: Path, name: str, new: bool) -> Path:
    """The newest folder of that name, or the next one: x, x-2, x-3, ..."""
    if new:
        return next_folder(runs, name)
    return runs / _numbered(name, _newest(runs, name))


def next_folder(runs: Path, name: str) -> Path:
    """The one after the newest of x, x-2, x-3, ...; x where there is none."""
    newest = _newest(runs, name)
    taken = (runs / _numbered(name, newest)).exists()
    return runs / _numbered(name, newest + taken)


def _newest(runs: Path, name: str) -> int:
    """The number of the newest; 1 where there is none. That the first is gone changes nothing."""
    number = 1
    while (runs / _numbered(name, number + 1)).exists():
        number += 1
    return number


def same_study(experiment: Experiment, path: Path, name: str = "") -> None:
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
    if manifest.get("identity", 1) != IDENTITY:
        raise StudyError(
            str(path),
            "was begun when a trial's key covered less of what decides an answer: it can be read, "
            "compared and reported, but not gone on with, asked again or taken over",
            f"start another: vad run {experiment.place} --new",
        )
    before, now = manifest.get("decides", {}), experiment.decides()
    changed = [key for key in sorted({*before} & {*now}) if before[key] != now[key]]
    changed += [key for key in before if key not in now and key.startswith("setting")]
    if changed:
        another = next_folder(path.parent, name or experiment.path.stem)
        raise StudyError(
            str(path),
            "changed since this run began: "
            + ", ".join(key.removeprefix("file ").removeprefix("setting ") for key in changed),
            f"undo the change to go on with this run, or start another, {another}: vad run "
            f"{experiment.place} --new",
        )


def same_served(folder: RunFolder, name: str, about: EngineInfo) -> None:
    """StudyError if a server that gave answers of this run serves another model now."""
    before = (folder.manifest or {}).get("engines", {}).get(name, {}).get("notes", {})
    if not folder.counts(name)["answers"]:
        return
    for key in ("model", "root"):
        was, now = before.get(key), about.notes.get(key)
        if was and now and was != now:
            raise StudyError(
                str(folder.path),
                f'{name} was answered by a server of "{was}", which serves "{now}" now',
                "have it serve the first again, or start another run with --new",
            )


def same_questions(plan: Plan, folder: RunFolder) -> None:
    """StudyError if the folder answers in another form what is to be asked.

    Files and settings are told by `same_study`; what is left is a call about many scenarios, which
    is another call when a limit leaves other scenarios in it.
    """
    before = folder.asked()
    for trial in plan.trials if before else []:
        asked = folder.asked_once(
            plan.condition(trial).columns
            | {
                "scenario": trial.scenario.id,
                "question": trial.question.name,
                "repeat": trial.repeat,
            }
        )
        if before.get(asked, trial.key) != trial.key:
            raise StudyError(
                str(folder.path),
                f"holds an answer about {trial.scenario.id} from a call about other scenarios",
                "one call asks about many, so a run keeps its limit; start another: vad run "
                f"{plan.experiment.place} --new",
            )


def same_shard(path: Path, experiment: Experiment, shard: dict[str, Any]) -> None:
    """StudyError if the folder holds a share of another plan: its limit or models were others."""
    before = (read_manifest(path) or {}).get("shard", shard)
    if before != shard:
        raise StudyError(
            str(path),
            f"is a share of a plan of {before['questions']:,} questions, and this one has "
            f"{shard['questions']:,}, or others",
            f"give the command that began it, or start another: vad run {experiment.place} "
            f"--shard {shard['number']}/{shard['of']} --new",
        )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


MANIFEST_ENTRIES = ("settings", "vary", "ablated", "only", "decides")


def same_plan(run: Path, study: Study) -> Plan:
    """The plan of a run folder, under the name `<run>-again`.

    Raises StudyError if its manifest lacks an entry, or if the study does not have what it names,
    or has another.
    """
    experiment = _experiment(run, study)
    plan = make_plan(experiment)
    same_study(experiment, run)
    return plan


def _experiment(run: Path, study: Study) -> Experiment:
    """The experiment that a run folder is of, as its manifest has it."""
    found = open_manifest(run)
    for key in MANIFEST_ENTRIES:
        if key not in found:
            raise StudyError(
                str(run / "manifest.json"),
                f'has no "{key}", which asking again takes',
                f"start a run of its own: vad run {found['experiment']}",
            )
    name = f"{run.resolve().name}-again"
    return Experiment(study, study.root / found["experiment"], name, _content(found), {})


def _content(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the experiment's TOML file would say to ask the very same."""
    ablated = manifest["ablated"]
    return {
        **manifest["settings"],
        "only": manifest["only"],
        "vary": {key: levels for key, levels in manifest["vary"].items() if key not in ablated},
        "ablate": {key: levels[1:] for key, levels in manifest["vary"].items() if key in ablated},
    }
