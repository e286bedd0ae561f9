"""Style: what all figures share. They stay readable without colour: by lightness, by shape."""

from collections.abc import Sequence
from math import ceil
from typing import Any, Literal

import altair as alt
import pandas as pd

from ...design.columns import BASELINE
from ..formatting import UNNAMED

Chart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart

INK, QUIET, LINE = "#1f1f1f", "#5c5c5c", "#c8c8c8"
FILLS = ("#e3e3e3", "#ddaa33", "#bb5566", "#004488", "#66ccee", "#228833")
"""Paul Tol's high-contrast colours after a light grey: told apart by lightness alone."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
RAMP: Literal["cividis"] = "cividis"
"""Even in lightness, the same to colour-blind eyes."""

THEME: dict[str, Any] = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "background": "white",
    "view": {"stroke": None},
    "title": {
        "anchor": "start",
        "frame": "group",
        "fontSize": 14,
        "fontWeight": 600,
        "color": INK,
        "subtitleFontSize": 11,
        "subtitleColor": QUIET,
        "subtitlePadding": 4,
        "offset": 12,
    },
    "axis": {
        "labelFontSize": 10.5,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titleColor": QUIET,
        "labelColor": INK,
        "labelLimit": 320,
        "titleLimit": 700,
        "labelFlush": False,
        "gridColor": "#ececec",
        "domainColor": LINE,
        "tickColor": LINE,
    },
    "header": {
        "labelFontSize": 11.5,
        "labelFontWeight": 600,
        "labelColor": INK,
        "labelLimit": 600,
        "labelPadding": 6,
        "labelAnchor": "start",
        "labelOrient": "top",
        "title": None,
    },
    "legend": {
        "orient": "top",
        "title": None,
        "labelFontSize": 11,
        "labelColor": INK,
        "symbolStrokeWidth": 1,
        "symbolSize": 90,
        "labelLimit": 400,
        "columns": 0,
    },
    "facet": {"spacing": 26},
}


def with_setting(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The table with its choice of the factors `keys` as one text, in the column `setting`.

    A factor with one level everywhere is left out of the text, the model if nothing else is there.
    A baseline shows no persona in any format: where the format is a factor, it stands in all.
    """
    table = table.assign(category=table["category"].replace("", UNNAMED))
    bare = table["category"] == BASELINE
    if "format" in keys and not bare.all():
        shared = [key for key in keys if key != "format"]
        formats = table.loc[~bare, [*keys]].drop_duplicates()
        baselines = formats.merge(table[bare].drop(columns="format"), on=shared)
        table = pd.concat([baselines[[*table]], table[~bare]], ignore_index=True)
    told = [key for key in keys if table[key].nunique(dropna=False) > 1] or [*keys][:1]
    texts = [" · ".join(map(str, row)) for row in table[told].itertuples(index=False)]
    return table.assign(setting=texts)


def in_order(table: pd.DataFrame, name: str) -> list[str]:
    """The levels of a column in the order of its rows."""
    return list(dict.fromkeys(table[name]))


def filled(categories: Sequence[str]) -> alt.Color:
    """The colour of a persona category; the first, the baseline, is a light grey."""
    colours = [FILLS[place % len(FILLS)] for place in range(len(categories))]
    scale = alt.Scale(domain=[*categories], range=colours)
    return alt.Color("category:N", scale=scale, sort=[*categories])


def shaped(categories: Sequence[str]) -> alt.Shape:
    """The shape of a persona category, in one legend with its colour."""
    shapes = [SHAPES[place % len(SHAPES)] for place in range(len(categories))]
    scale = alt.Scale(domain=[*categories], range=shapes)
    return alt.Shape("category:N", scale=scale, sort=[*categories])


def titled(text: str, settings: Sequence[str], *lines: str) -> alt.TitleParams:
    """A title that says what is seen, and lines on how to read it.

    settings: those of the figure; where there is but one, no panel bears its name, and the first
    line does.
    """
    first = [f"{settings[0]} – {lines[0]}"] if len(settings) == 1 else [lines[0]]
    return alt.TitleParams(text, subtitle=[*first, *lines[1:]])


def panels(panel: alt.LayerChart | alt.Chart, settings: Sequence[str], columns: int) -> Chart:
    """The chart once for each setting, in even rows of at most so many; itself if there is one."""
    if len(settings) == 1:
        return panel
    facet = alt.Facet("setting:N", sort=[*settings], title=None)
    rows = ceil(len(settings) / columns)
    return panel.facet(facet=facet, columns=ceil(len(settings) / rows))


def with_theme(chart: Chart) -> Chart:
    """The chart with the theme; to be put on last, as it belongs to the outermost chart."""
    whole: Chart = chart.copy(deep=False)
    whole.config = alt.Config(**THEME)
    return whole
