"""Figures: each a function from DataFrames to an Altair chart; written as SVG and PDF."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ...analysis.measure_table import primary_first, shown_in
from ...analysis.results import Run
from ...errors import StudyError
from ..option_labels import option_names
from ..tables import drawn_tables
from .answers import (
    letter_rows,
    letter_shares,
    option_rows,
    option_shares,
    repeat_agreement_chart,
    repeat_rows,
)
from .cultural_map import cultural_map, places
from .forest import forest
from .gap import bar_rows, category_bars, coherence, point_rows, value_matrix
from .theme import Chart, with_theme

DRAWN = primary_first(shown_in("categories"))
"""The measures that have figures of their own."""


def make_figures(run: Run, tables: Mapping[str, pd.DataFrame]) -> dict[str, Chart]:
    """All figures of a run by name, from its tables; those with nothing to show are left out.

    tables: as `make_tables` gives them.
    """
    keys = run.factors
    found: dict[str, Chart] = {}
    for measure in DRAWN:
        values = tables["values"]
        if run.values:
            groups = {name: one.group for name, one in run.values.items()}
            values = run.ordered(
                values.assign(group=values["value"].map(groups).fillna("")), ["group"]
            )
        for model in values["model"].unique():
            mine = values[values["model"] == model]
            name = f"{measure.name}_by_value_{re.sub(r'[^A-Za-z0-9._-]', '_', model)}"
            found[name] = value_matrix(mine, keys, measure)
    if "comparisons" in tables:
        found["differences"] = forest(tables["comparisons"])
    found |= drawn_figures(drawn_tables(run), keys, option_names(run))
    if len(on_map := places(run.personas)):
        found["cultural_map"] = cultural_map(on_map)
    return found


def drawn_figures(
    tables: Mapping[str, pd.DataFrame],
    keys: Sequence[str],
    names: Mapping[str, Mapping[float, str]],
) -> dict[str, Chart]:
    """The figures that can be taken over any part of the scenarios, by name.

    tables: as `drawn_tables` gives them, of one part. keys: the run's factors. names: what scores
    are called, by question. Those with nothing to show are left out.
    """
    personas, who = tables["personas"], _who(tables)
    found = {
        f"{measure.name}_by_{who}": category_bars(tables["categories"], keys, measure)
        for measure in DRAWN
    }
    if personas["corrected_gap"].notna().any():
        found["ad_and_corrected_gap"] = coherence(personas, keys)
    if "options" in tables:
        found["options"] = option_shares(tables["options"], keys, names)
    if "letters" in tables:
        found["letters"] = letter_shares(tables["letters"], keys)
    if personas[["agreement_value", "agreement_action"]].notna().any(axis=None):
        found["repeats"] = repeat_agreement_chart(personas, keys)
    return found


def drawn_rows(
    tables: Mapping[str, pd.DataFrame],
    keys: Sequence[str],
    names: Mapping[str, Mapping[float, str]],
) -> dict[str, list[pd.DataFrame]]:
    """What each figure of `drawn_figures` is drawn from: its data sets, in their order."""
    personas, who = tables["personas"], _who(tables)
    found = {
        f"{measure.name}_by_{who}": [bar_rows(tables["categories"], keys, measure)]
        for measure in DRAWN
    }
    found |= {
        "ad_and_corrected_gap": [point_rows(personas, keys)],
        "repeats": [repeat_rows(personas, keys)],
    }
    if "options" in tables:
        found["options"] = option_rows(tables["options"], keys, names)
    if "letters" in tables:
        found["letters"] = letter_rows(tables["letters"], keys)
    return found


def _who(tables: Mapping[str, pd.DataFrame]) -> str:
    return "category" if "category" in tables["categories"] else "persona"


def write_figures(folder: Path, figures: Mapping[str, Chart]) -> None:
    """Write each figure under `folder` as NAME.svg and NAME.pdf; StudyError if it cannot be."""
    try:
        folder.mkdir(exist_ok=True)
        for name, chart in figures.items():
            for suffix in ("svg", "pdf"):
                with_theme(chart).save(folder / f"{name}.{suffix}")
    except OSError as error:
        raise StudyError(str(folder), f"cannot be written: {error.strerror}") from None
