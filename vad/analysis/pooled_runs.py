"""The answers of one run or several side by side: conditions, their scores, their scenarios."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..design.columns import NAMED, column
from ..errors import StudyError
from ..runs.store.reader import open_manifest, read_table
from ..runs.store.schema import ASKED_ONCE, condition_columns
from .answers import Answers, pair
from .contrasts import ConditionRow, Levels, varied
from .measures import Array
from .parsers import Parser, as_read

POOLED_COLUMNS = ["trial", *ASKED_ONCE, "value", "topic", "score"]
"""The columns of responses that are pooled, beside those that tell conditions apart."""


@dataclass(frozen=True)
class PooledRuns:
    """Answers in arrays; scenarios in the order of their ids, whatever the files' order.

    conditions: a dict of columns each. levels: each varied column's levels, the reference first.
    scores: a condition's values and actions, [scenarios, repeats] each, as `Answers` has them.
    asked: [conditions, scenarios]. value, topic: of each scenario.
    """

    conditions: list[ConditionRow]
    levels: Levels
    scores: list[tuple[Array, Array]]
    asked: NDArray[np.bool_]
    value: list[str]
    topic: list[str]


def pool_runs(runs: Sequence[Path], parser: Parser = "strict") -> PooledRuns:
    """Read the runs' answers together.

    A baseline that one run took over from another is one condition. Where two runs answered the
    same condition anew, `run` is a factor, the run named first its reference.

    Raises StudyError for a run named twice, without manifest or without answers, and what `pair`
    raises: only one of the two questions answered, two answers to one, mixed scales.
    """
    for place, run in enumerate(runs):
        if run.resolve() in [other.resolve() for other in runs[:place]]:
            raise StudyError(str(run), "is named twice")
    manifests = [open_manifest(run) for run in runs]
    extra = list(dict.fromkeys(key for one in manifests for key in one["vary"] if key not in NAMED))
    tables = [
        _read(run, manifest, extra, parser) for run, manifest in zip(runs, manifests, strict=True)
    ]
    names = condition_columns(extra)
    rows = pd.concat(tables, ignore_index=True)
    once = rows.drop_duplicates([*names, "trial"])
    # A trial that one run holds twice is not taken over from another: it is left to be refused.
    twice = rows.duplicated(["run", *names, "trial"]).any()
    if twice or once.duplicated([*names, *ASKED_ONCE]).any():
        names = ["run", *names]
    else:
        rows = once.drop(columns="run")
    answers = pair(rows, ", ".join(map(str, runs)), names)
    return _side_by_side(answers, names, _recorded(manifests))


def _read(run: Path, manifest: dict[str, Any], extra: list[str], parser: Parser) -> pd.DataFrame:
    """A run's answers; a setting that only other runs vary has the value this one has for it."""
    columns = [*POOLED_COLUMNS, *condition_columns(manifest["vary"])]
    if parser == "lenient":
        # Whole, as a run that was kept without a lenient reading has to say so itself.
        table = as_read(read_table(run, "responses"), parser, str(run))[columns]
    else:
        table = read_table(run, "responses", columns)
    for key in extra:
        if key not in manifest["vary"]:
            table[column(key)] = manifest["settings"].get(key)
    return table.assign(run=str(run))


def _recorded(manifests: list[dict[str, Any]]) -> Levels:
    recorded: Levels = {}
    for manifest in manifests:
        for key, known in manifest["vary"].items():
            recorded.setdefault(column(key), []).extend(known)
    return recorded


def _side_by_side(answers: Answers, names: list[str], recorded: Levels) -> PooledRuns:
    items = answers.items
    of = answers.grouped(names)
    conditions = [
        {str(key): None if pd.isna(level) else level for key, level in row.items()}
        for row in items.loc[of.first, names].to_dict("records")
    ]
    places, scenarios = pd.factorize(items["scenario"], sort=True)
    shape = (of.n, len(scenarios))
    asked = np.zeros(shape, dtype=bool)
    asked[of.of, places] = True
    sides = []
    for scores in (answers.values, answers.actions):
        side = np.full((*shape, scores.shape[1]), np.nan)
        side[of.of, places] = scores
        sides.append(side)
    about = items.drop_duplicates("scenario").set_index("scenario").loc[list(scenarios)]
    return PooledRuns(
        conditions,
        varied(conditions, recorded),
        list(zip(*sides, strict=True)),
        asked,
        about["value"].tolist(),
        about["topic"].tolist(),
    )
