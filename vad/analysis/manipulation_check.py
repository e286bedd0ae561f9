"""Fidelity: whether a persona says its own ten variables back; what was not taken in moves nothing.

The question `level` (`asks = ["value", "action", "level"]`) puts a variable of the personas before
the model, its levels as options. A persona's right answer is the level it was given; what a model
says of itself unasked to be anybody (the baseline) shows how often that level is its own anyway.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..design.columns import BASELINE, OF_PERSONA, column
from ..runs.store.schema import condition_columns
from ..study.personas import level_position
from ..study.questions import LEVEL

CHECK_MEASURES = {
    "fidelity": "share of the answers about a persona's own variables that name its level",
    "unprompted": "share of the baseline's answers that name that level as well",
    "off_by": "mean distance of answer and level, 0 to 2, the ends of a variable being 2 apart",
}


def named_levels(responses: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """A row a persona, condition and variable: what it was, and what was answered.

    responses: of a run, all questions. manifest: of that run; its `vary`, `personas` and
    `variables` tell conditions and levels. Columns: those of the condition,
    `variable`, `level`, CHECK_MEASURES, `answers` and `missing`. NaN where nothing
    could be read, or no baseline was asked.
    """
    asked = responses[responses["question"] == LEVEL]
    keys = [name for name in condition_columns(manifest.get("vary", {})) if name in responses]
    shown = asked[asked["persona"] != BASELINE]
    rows = [
        _row(dict(zip([*keys, "variable"], key, strict=True)), mine, manifest)
        for key, mine in shown.groupby([*keys, "scenario"], sort=False, dropna=False)
    ]
    columns = [*keys, "variable", "level", "fidelity", "off_by", "answers", "missing"]
    table = pd.DataFrame(rows, columns=columns)
    return _beside_the_baseline(table, asked[asked["persona"] == BASELINE], keys, manifest)


def manipulation_check(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The means of `said_back` by columns of it, each variable of each persona counting once."""
    how: dict[str, Any] = dict.fromkeys(CHECK_MEASURES, "mean") | {
        "answers": "sum",
        "missing": "sum",
    }
    return table.groupby([*by], sort=False, dropna=False).agg(how).reset_index()


def _row(key: dict[str, Any], mine: pd.DataFrame, manifest: Mapping[str, Any]) -> dict[str, Any]:
    level = manifest["personas"][key["persona"]][key["variable"]]
    scores = mine["score"].dropna()
    right = _position(key["variable"], level, manifest)
    return key | {
        "level": level,
        "fidelity": np.isclose(scores, right).mean() if len(scores) else np.nan,
        "off_by": (scores - right).abs().mean(),
        "answers": len(mine),
        "missing": int(mine["score"].isna().sum()),
    }


def _beside_the_baseline(
    table: pd.DataFrame, baseline: pd.DataFrame, keys: list[str], manifest: Mapping[str, Any]
) -> pd.DataFrame:
    """How often the baseline of the same model, program, ... gives each row's level by itself."""
    of_persona = {"persona", "category", "format", *map(column, OF_PERSONA)}
    same = [name for name in keys if name not in of_persona]
    said = baseline[baseline["score"].notna()].assign(variable=baseline["scenario"])
    names = [*same, "variable"]
    given = {
        _known(key): mine["score"].to_numpy()
        for key, mine in said.groupby(names, sort=False, dropna=False)
    }
    shares = []
    for row in table.to_dict("records"):
        scores = given.get(_known(row[name] for name in names))
        right = _position(row["variable"], row["level"], manifest)
        shares.append(np.nan if scores is None else float(np.isclose(scores, right).mean()))
    table.insert([*table].index("fidelity") + 1, "unprompted", shares)
    return table


def _known(values: Iterable[Any]) -> tuple[Any, ...]:
    """Values as a key in which what is missing equals itself."""
    return tuple(None if pd.isna(value) else value for value in values)


def _position(variable: str, level: str, manifest: Mapping[str, Any]) -> float:
    """Where a level stands on its variable, as it is scored."""
    levels = manifest["variables"][variable]
    return level_position(levels.index(level), len(levels))
