"""Cells: the figures the page opens with, of each condition and category, in each part."""

from typing import Any

import numpy as np
import pandas as pd

from ...analysis.measure_table import primary_first, shown_in
from ...analysis.measures import Array, mean_answer
from ...analysis.results import Run
from ..tables import has_groups
from .embedded_json import by_column, json_value
from .numbering import Numbering

PARTS = ("group", "value")
CELL_MEASURES = primary_first(shown_in("cells"))


def cells(numbering: Numbering) -> dict[str, Any]:
    """Conditions, scenarios, and the figures of every cell of the page's tables.

    persona, category: a row a condition (a category: the mean of its conditions) and part of the
    scenarios: all, a value group, a value. measures: those that a reader may choose. means: the
    mean value and the mean action of each condition and scenario, as the distance is taken of them.
    """
    run = numbering.run
    names = run.answers.conditions
    settings = {name: one.setting for name, one in numbering.dilemmas.items()}
    values = [name for name in run.values if (numbering.scenarios["value"] == name).any()]
    return {
        "factors": numbering.factors,
        "who": run.who,
        "conditions": by_column(numbering.conditions),
        "scenarios": by_column(numbering.scenarios)
        | {"setting": [settings.get(name, "") for name in numbering.scenarios["scenario"]]},
        "values": values or sorted(numbering.scenarios["value"].unique()),
        "groups": {name: run.values[name].group for name in values},
        "definitions": {name: run.values[name].definition for name in values},
        "scales": numbering.scales,
        "measures": [
            {
                "name": one.name,
                "title": one.title,
                "label": f"{one.heading}: {one.range}",
                "nearer": one.nearer,
            }
            for one in CELL_MEASURES
            if one.nearer
        ],
        "means": [_means(numbering, one) for one in (run.answers.values, run.answers.actions)],
        "persona": by_column(_by_part(run, names)),
        "category": by_column(_by_part(run, [name for name in names if name != "persona"])),
    }


def _means(numbering: Numbering, scores: Array) -> list[list[float | None]]:
    table: Array = np.full((len(numbering.conditions), len(numbering.scenarios)), np.nan)
    table[numbering.condition, numbering.scenario] = mean_answer(scores)
    return [[json_value(mean) for mean in row] for row in table.tolist()]


def _by_part(run: Run, names: list[str]) -> pd.DataFrame:
    tables = [run.scores(by=names).assign(within="all", part="")]
    for part in PARTS:
        if part != "group" or has_groups(run):
            table = run.scores(by=[*names, part])
            tables.append(table.assign(within=part, part=table[part]))
    joined = pd.concat(tables, ignore_index=True)
    return joined[[*names, "within", "part", *(one.name for one in CELL_MEASURES)]]
