"""Figures: each a function from DataFrames to an Altair chart; written as SVG and PDF."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ...errors import StudyError
from ...opened import Run
from ..options import option_names
from .answers import letter_shares, option_shares, repeat_agreement
from .gap import category_bars, coherence, value_matrix
from .paired import forest
from .people import cultural_map, places
from .style import Chart, dressed


def make_figures(run: Run, tables: Mapping[str, pd.DataFrame]) -> dict[str, Chart]:
    """All figures of a run by name, from its tables; those with nothing to show are left out.

    tables: as `make_tables` gives them.
    """
    keys = run.factors
    found: dict[str, Chart] = {}
    for measure in ("ad", "ar"):
        found[f"{measure}_by_{run.who}"] = category_bars(tables["categories"], keys, measure)
        values = tables["values"]
        if run.values:
            groups = {name: one.group for name, one in run.values.items()}
            values = run.ordered(
                values.assign(group=values["value"].map(groups).fillna("")), ["group"]
            )
        for model in values["model"].unique():
            mine = values[values["model"] == model]
            name = f"{measure}_by_value_{re.sub(r'[^A-Za-z0-9._-]', '_', model)}"
            found[name] = value_matrix(mine, keys, measure)
    personas = run.scores(by=[*keys, "category", "persona"])
    if personas["corrected_gap"].notna().any():
        found["ad_and_corrected_gap"] = coherence(personas, keys)
    if "comparisons" in tables:
        found["differences"] = forest(tables["comparisons"])
    if "options" in tables:
        found["options"] = option_shares(tables["options"], keys, option_names(run))
    if "letters" in tables:
        found["letters"] = letter_shares(tables["letters"], keys)
    if tables["repeats"].iloc[:, -2:].notna().any(axis=None):
        found["repeats"] = repeat_agreement(tables["repeats"], keys)
    if len(on_map := places(run.people)):
        found["cultural_map"] = cultural_map(on_map)
    return found


def write_figures(folder: Path, figures: Mapping[str, Chart]) -> None:
    """Write each figure under `folder` as NAME.svg and NAME.pdf; StudyError if it cannot be."""
    try:
        folder.mkdir(exist_ok=True)
        for name, chart in figures.items():
            for suffix in ("svg", "pdf"):
                dressed(chart).save(folder / f"{name}.{suffix}")
    except OSError as error:
        raise StudyError(str(folder), f"cannot be written: {error.strerror}") from None
