"""Cells: the figures the page opens with, of each condition and category, in each part."""

from typing import Any

import numpy as np
import pandas as pd

from ...analysis.measures import Array, mean_answer
from ...analysis.results import Run
from ..tables import has_groups
from .embedded_json import columns, plain
from .numbering import Book

PARTS = ("group", "value")
FIGURES = ("ad", "ar", "corrected_gap", "signed_gap", "f1_agree", "f1_disagree")
COUNTS = ("scenarios", "answers", "missing")


def cells(book: Book) -> dict[str, Any]:
    """Conditions, scenarios, and the figures of every cell of the page's tables.

    persona, category: a row a condition (a category: the mean of its conditions) and part of the
    scenarios: all, a value group, a value. means: the mean value and the mean action of each
    condition and scenario, as the distance is taken of them.
    """
    run = book.run
    names = run.answers.conditions
    settings = {name: one.setting for name, one in book.dilemmas.items()}
    values = [name for name in run.values if (book.scenarios["value"] == name).any()]
    return {
        "factors": book.factors,
        "who": run.who,
        "conditions": columns(book.conditions),
        "scenarios": columns(book.scenarios)
        | {"setting": [settings.get(name, "") for name in book.scenarios["scenario"]]},
        "values": values or sorted(book.scenarios["value"].unique()),
        "groups": {name: run.values[name].group for name in values},
        "definitions": {name: run.values[name].definition for name in values},
        "scales": book.scales,
        "means": [_means(book, one) for one in (run.answers.values, run.answers.actions)],
        "persona": columns(_by_part(run, names)),
        "category": columns(_by_part(run, [name for name in names if name != "persona"])),
    }


def _means(book: Book, scores: Array) -> list[list[float | None]]:
    table: Array = np.full((len(book.conditions), len(book.scenarios)), np.nan)
    table[book.condition, book.scenario] = mean_answer(scores)
    return [[plain(mean) for mean in row] for row in table.tolist()]


def _by_part(run: Run, names: list[str]) -> pd.DataFrame:
    tables = [run.scores(by=names).assign(within="all", part="")]
    for part in PARTS:
        if part != "group" or has_groups(run):
            table = run.scores(by=[*names, part])
            tables.append(table.assign(within=part, part=table[part]))
    joined = pd.concat(tables, ignore_index=True)
    return joined[[*names, "within", "part", *FIGURES, *COUNTS]]
