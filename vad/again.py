"""Again: the experiment of a finished run, made anew from its manifest alone.

What a run asked is in its manifest, flags of the command line included; the study gives the files
that are named there, and their hashes say whether they are still the same. Profiles of models are
the study's own: a run folder may come from somebody else, and it names no address and no code.
"""

from pathlib import Path
from typing import Any

from .errors import StudyError
from .experiment import Experiment
from .plan import make_plan
from .resume import same_study
from .stored import open_manifest
from .study import Study
from .trial import Plan

NEEDED = ("settings", "vary", "ablated", "only", "decides")


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
    for key in NEEDED:
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
