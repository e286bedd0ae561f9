"""The answers of one run or several as arrays: conditions, their scores, their scenarios."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .contrast import WHO, Condition, Levels
from .errors import StudyError
from .experiment import NAMED, column
from .measure import Array
from .store import RESPONSES, read_manifest, read_table

QUESTIONS = ("value", "action")
SETTINGS = [*RESPONSES][1 : [*RESPONSES].index("scenario")]
TRIAL = ["scenario", "question", "repeat"]
NEEDED = ["trial", *SETTINGS, *TRIAL, "value", "topic", "score"]


@dataclass(frozen=True)
class Pool:
    """Answers in arrays; scenarios in the order of their ids, whatever the files' order.

    conditions: a dict of columns each. levels: each varied column's levels, the reference first.
    scores: a condition's values and actions, [scenarios, its repeats] each, NaN where missing.
    asked: [conditions, scenarios]. value, topic: of each scenario.
    """

    conditions: list[Condition]
    levels: Levels
    scores: list[tuple[Array, Array]]
    asked: NDArray[np.bool_]
    value: list[str]
    topic: list[str]


def pool(runs: Sequence[Path]) -> Pool:
    """Read the runs' answers together.

    A baseline that one run took over from another is one condition. Where two runs answered the
    same condition anew, `run` is a factor, the run named first its reference.

    Raises StudyError for a run named twice, without manifest or without answers, and where only
    one of the two questions was answered at all.
    """
    for place, run in enumerate(runs):
        if run.resolve() in [other.resolve() for other in runs[:place]]:
            raise StudyError(str(run), "is named twice")
    manifests = [_manifest(run) for run in runs]
    extra = list(dict.fromkeys(key for one in manifests for key in one["vary"] if key not in NAMED))
    tables = [_read(run, manifest, extra) for run, manifest in zip(runs, manifests, strict=True)]
    names = [*SETTINGS, *(column(key) for key in extra)]
    rows = pd.concat(tables, ignore_index=True)
    once = rows.drop_duplicates([*names, "trial"])
    if once.duplicated([*names, *TRIAL]).any():
        names = ["run", *names]
    else:
        rows = once
    where = ", ".join(map(str, runs))
    if rows.duplicated([*names, *TRIAL]).any():
        raise StudyError(where, "holds two answers to the same question under the same condition")
    unasked = [one for one in QUESTIONS if not (rows["question"] == one).any()]
    if unasked:
        raise StudyError(
            where,
            f"holds no answer to the {unasked[0]} question; the gap is between the two",
            "finish the run: vad run EXPERIMENT",
        )
    return _arrays(rows, names, _recorded(manifests))


def _manifest(run: Path) -> dict[str, Any]:
    found = read_manifest(run)
    if found is None or "vary" not in found:
        raise StudyError(
            str(run),
            "holds no manifest.json of a run: it is not a run folder",
            "name one that `vad run` wrote, such as runs/quickstart",
        )
    return found


def _read(run: Path, manifest: dict[str, Any], extra: list[str]) -> pd.DataFrame:
    """A run's answers; a setting that only other runs vary has the value this one has for it."""
    own = [key for key in extra if key in manifest["vary"]]
    table = read_table(run, "responses", [*NEEDED, *(column(key) for key in own)])
    for key in extra:
        if key not in own:
            table[column(key)] = manifest["settings"].get(key)
    return table.assign(run=str(run))


def _recorded(manifests: list[dict[str, Any]]) -> Levels:
    recorded: Levels = {}
    for manifest in manifests:
        for key, known in manifest["vary"].items():
            recorded.setdefault(column(key), []).extend(known)
    return recorded


def _arrays(rows: pd.DataFrame, names: list[str], recorded: Levels) -> Pool:
    of = rows.groupby(names, sort=False, dropna=False).ngroup().to_numpy()
    first = rows.groupby(of, sort=True).head(1)
    conditions = [
        {str(key): None if pd.isna(level) else level for key, level in row.items()}
        for row in first[names].to_dict("records")
    ]
    levels: Levels = {}
    for name in names:
        found = list(dict.fromkeys(row[name] for row in conditions))
        if len(found) > 1 and name not in WHO:
            known = [level for level in dict.fromkeys(recorded.get(name, [])) if level in found]
            levels[name] = known + [level for level in found if level not in known]
    places, scenarios = pd.factorize(rows["scenario"], sort=True)
    repeats = rows["repeat"].to_numpy()
    shape = (len(conditions), len(QUESTIONS), len(scenarios), int(repeats.max()) + 1)
    scores = np.full(shape, np.nan)
    asked = np.zeros((len(conditions), len(scenarios)), dtype=bool)
    asked[of, places] = True
    question = rows["question"].map(QUESTIONS.index).to_numpy()
    scores[of, question, places, repeats] = rows["score"].to_numpy(dtype=np.float64)
    width = pd.Series(repeats).groupby(of).max().to_numpy() + 1
    about = rows.drop_duplicates("scenario").set_index("scenario").loc[list(scenarios)]
    return Pool(
        conditions,
        levels,
        [(one[0, :, :own], one[1, :, :own]) for one, own in zip(scores, width, strict=True)],
        asked,
        about["value"].tolist(),
        about["topic"].tolist(),
    )
