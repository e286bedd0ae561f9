"""Charts: the run's figures as the page draws them, with their data for each part of the values.

The figures are the report's own. Where a figure can be taken over a part of the scenarios alone (a
value group, a value), its data stand beside for every part, computed and laid out by the same
functions; the page's script only exchanges the rows and leaves out those that a filter stops.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from ...analysis.results import Run
from ..figures import drawn_rows
from ..figures.theme import FILLS, INK, LINE, QUIET, Chart, with_setting, with_theme
from ..option_labels import option_names
from ..report import Report
from ..tables import drawn_tables, has_groups
from .cell_scores import PARTS
from .embedded_json import by_column
from .numbering import Numbering

COLOURS = {
    INK: "ink",
    QUIET: "quiet",
    LINE: "rule",
    "#ececec": "rule",
    "white": "paper",
    FILLS[0]: "bare",
    FILLS[3]: "deep",
}
"""The figures' own colours, by the name of the page's that takes their place."""

Data = list[dict[str, list[Any]]]


def charts(report: Report, numbering: Numbering) -> dict[str, Any]:
    """What the page draws: its figures, each with title, notes, specification and data.

    data: the columns of each of the specification's data sets, data-0, data-1, ..., by part:
    "all", then "group NAME" and "value NAME". settings: the levels of the factors that each text in
    a column `setting` stands for.
    """
    found = {
        name: _chart(chart) for name, chart in report.figures.items() if "_by_value_" not in name
    }
    for part, drawn in _parts(report.run):
        for name, tables in drawn.items():
            if name in found:
                found[name]["data"][part] = [by_column(table) for table in tables]
    named = with_setting(numbering.conditions, report.run.factors)
    settings = {
        row["setting"]: {name: row[name] for name in numbering.factors}
        for row in named.to_dict("records")
    }
    return {"figures": found, "settings": settings, "colours": COLOURS}


def _chart(chart: Chart) -> dict[str, Any]:
    spec = with_theme(chart).to_dict(validate=False)
    title = spec.pop("title")
    spec["config"]["background"] = None
    names, data = _data(spec)
    spec.pop("datasets")
    for one in _references(spec):
        one["name"] = names[one["name"]]
    return {
        "title": title["text"],
        "notes": title["subtitle"],
        "spec": spec,
        "data": {"all": data},
    }


def _data(spec: dict[str, Any]) -> tuple[dict[str, str], Data]:
    """The page's names of a specification's data sets, and their columns, in order of mention."""
    known = [*dict.fromkeys(one["name"] for one in _references(spec))]
    tables = [pd.DataFrame(spec["datasets"][name]) for name in known]
    return {name: f"data-{n}" for n, name in enumerate(known)}, [by_column(one) for one in tables]


def _references(spec: Any) -> Iterator[dict[str, str]]:
    """Every {"name": ...} of a data set in a specification."""
    if isinstance(spec, dict):
        data = spec.get("data")
        if isinstance(data, dict) and "name" in data:
            yield data
        for key, inner in spec.items():
            if key != "datasets":
                yield from _references(inner)
    elif isinstance(spec, list):
        for inner in spec:
            yield from _references(inner)


def _parts(run: Run) -> Iterator[tuple[str, dict[str, list[pd.DataFrame]]]]:
    names = option_names(run)
    for within in PARTS if has_groups(run) else ("value",):
        tables = drawn_tables(run, [within])
        for part in tables["categories"][within].unique():
            mine = {name: table[table[within] == part] for name, table in tables.items()}
            yield f"{within} {part}", drawn_rows(mine, run.factors, names)
