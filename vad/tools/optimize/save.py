"""Tuned: what an optimiser found, kept as a program of the study and as a record of how.

signatures/NAME.py, NAME.value.json, ...    the program, named in an experiment like any other
runs/optimize/NAME/optimize.json            the split, the difference on the test part, the cost
runs/optimize/NAME/history.csv              each candidate with its scores, and its state
runs/optimize/NAME/calls.parquet            every call, prompt and answer, by stage
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ...analysis.csv_files import write_csv
from ...design.experiment import load_experiment
from ...design.program_contract import EXPORTS
from ...design.program_state import saved_state
from ...design.programs import FALLBACK
from ...errors import Halt, StudyError
from ...study.loader import Study
from ...study.models import Model
from .holdout import closed_files
from .objective import load_objective
from .result import OptimizationResult
from .search import Say, optimize
from .student import export_of

FILE = '"""{title}"""\n\n{imports}\n'


def optimize_program(
    study: Study,
    path: Path,
    optimizer: str,
    objective: str,
    name: str,
    runs: Path,
    say: Say,
    overrides: dict[str, Any],
) -> tuple[OptimizationResult, Path]:
    """Optimise the program of an experiment's file for an objective, and keep what is found.

    name: of the program found; "" for one made of program, optimiser and objective. overrides: of
    the experiment's settings. Returns what was found and the program's file. Raises StudyError
    before anything is asked where the name is taken, and whatever `optimize` raises.
    """
    # The objective's file runs when it is loaded: that, too, is not to see the test part.
    with closed_files(study, [study.root / "scenarios", runs]):
        try:
            aim = load_objective(study, objective, "--objective")
        except Halt as refused:
            raise refused.error from None
    experiment = load_experiment(study, path, asks=[*aim.asks], **overrides)
    name = free_name(study, name or f"{experiment.base.program}_{optimizer}_{objective}")
    folder = runs / "optimize" / name
    folder.mkdir(parents=True, exist_ok=True)
    found = optimize(experiment, optimizer, aim, runs, folder / "optimizer.log", say)
    keep_record(found, name, folder)
    return found, keep_program(found, name)


def free_name(study: Study, name: str) -> str:
    """The name, if no program bears it; StudyError otherwise."""
    path = study.root / "signatures" / f"{name}.py"
    if not name.isidentifier():
        raise StudyError(
            "--name", f"found {name!r}; a name is lower-case letters, digits and underscores"
        )
    if path.exists():
        raise StudyError(study.place(path), "is there already", "name another: --name NAME")
    return name


def keep_program(found: OptimizationResult, name: str) -> Path:
    """Write the program found into `signatures/`; what was not optimised is as it was."""
    study = found.plan.experiment.study
    (program,) = found.plan.experiment.programs.values()
    folder = study.root / "signatures"
    own = [one for one in EXPORTS if hasattr(study.module("signatures", program.name), one)]
    tuned = [export_of(part) for (part,) in program.parts]
    come_from = dict.fromkeys(own, program.name) | {
        one: program.name if one in own else FALLBACK for one in tuned
    }
    for export in tuned:
        getattr(found.student, export).save(folder / f"{name}.{export}.json")
    for export in set(own) - set(tuned):
        state = saved_state(study, program.name, export)
        if state:
            shutil.copyfile(state, folder / f"{name}.{export}.json")
    title = (
        f"{name.replace('_', ' ').capitalize()}: {program.name} as {found.optimizer} found it for "
        f"{found.objective.name}."
    )
    imports = "\n".join(
        f"from .{file} import {', '.join(sorted(_of(come_from, file)))}"
        for file in sorted(set(come_from.values()))
    )
    path = folder / f"{name}.py"
    path.write_text(FILE.format(title=title, imports=imports), encoding="utf-8")
    return path


def keep_record(found: OptimizationResult, name: str, folder: Path) -> None:
    """Write how it was found: split, history, cost, difference, every call."""
    experiment = found.plan.experiment
    (model,) = experiment.models.values()
    (program,) = found.plan.experiment.programs.values()
    record = {
        "program": name,
        "experiment": experiment.place,
        "decides": experiment.decides(),
        "optimizer": found.optimizer,
        "objective": found.objective.name,
        "objective_hash": experiment.study.hash(found.objective.path),
        "from_program": program.name,
        "model": model.name,
        "engine": found.engine,
        "scenarios": {
            part: sorted({one for case in cases for one in case.unit.split()})
            for part, cases in found.cases.items()
        },
        "test": asdict(found.test),
        "cost": found.cost(),
    }
    (folder / "optimize.json").write_text(
        json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    write_csv(pd.DataFrame([asdict(one) for one in found.history]), folder / "history.csv")
    pd.DataFrame(_calls(found, model)).to_parquet(folder / "calls.parquet", compression="zstd")


def _calls(found: OptimizationResult, model: Model) -> Iterable[dict[str, Any]]:
    for stage, calls in found.calls.items():
        for call, reply in calls:
            yield {
                "stage": stage,
                "model": model.name,
                "messages": json.dumps(call.messages, ensure_ascii=False),
                "constraint": call.regex,
                "max_tokens": call.max_tokens,
                "temperature": call.temperature,
                "top_p": call.top_p,
                "top_k": call.top_k,
                "seed": call.seed,
                "text": reply.text,
                "finish_reason": reply.finish_reason,
                "prompt_tokens": reply.prompt_tokens,
                "output_tokens": reply.output_tokens,
            }


def _of(come_from: dict[str, str], file: str) -> list[str]:
    return [export for export, source in come_from.items() if source == file]
