"""Paired differences with their intervals: a forest plot of the primary contrasts."""

import altair as alt
import pandas as pd

from ...analysis.comparison_table import compared_conditions, primary_contrasts
from ...analysis.comparisons import ALL, ALPHA
from ...analysis.contrasts import PERSONA_COLUMNS
from ...analysis.measure_table import COMPARED, label_of, primary_first
from .theme import INK, QUIET, Chart, in_order, titled

SURE = {True: "adjusted p < .05", False: ".05 or more, or missing"}
NEARER = {-1: ": left is nearer", 0: "", 1: ": right is nearer"}


def forest(comparisons: pd.DataFrame) -> Chart:
    """Each primary contrast: its difference and 95% interval in every measure compared.

    comparisons: as `Run.compare` gives them. What is missing has an empty row.
    """
    rows = primary_contrasts(comparisons)
    table = rows.assign(contrast=_labels(rows), sure=rows["adjusted"] < ALPHA)
    table["sure"] = table["sure"].map(SURE)
    order = in_order(table, "contrast")
    table = table[["contrast", "measure", "difference", "low", "high", "adjusted", "sure"]]
    measures: list[Chart] = []
    for measure in primary_first(one for one, _ in COMPARED):
        mine = table[table["measure"] == label_of(measure)]
        direction = f"in {measure.noun}{NEARER[measure.nearer]}"
        y = alt.Y(
            "contrast:N",
            sort=order,
            scale=alt.Scale(domain=order),
            title=None,
            axis=alt.Axis(ticks=False, grid=True, labels=not measures, domain=False),
        )
        base = alt.Chart(mine).encode(y=y)
        zero = alt.Chart(mine[:1]).mark_rule(color=QUIET).encode(x=alt.datum(0))
        spans = base.mark_rule(color=INK, strokeWidth=1.4).encode(
            x=alt.X("low:Q", title=["difference", direction], axis=alt.Axis(tickCount=5)),
            x2="high:Q",
        )
        points = base.mark_point(size=58, stroke=INK, opacity=1, strokeWidth=1.2).encode(
            x="difference:Q",
            fill=alt.Fill(
                "sure:N",
                scale=alt.Scale(domain=[*SURE.values()], range=[INK, "white"]),
            ),
            tooltip=["contrast:N", "difference:Q", "low:Q", "high:Q", "adjusted:Q"],
        )
        measures.append((zero + spans + points).properties(width=220, height=17 * len(order)))
    return (
        alt.hconcat(*measures, spacing=16)
        .resolve_scale(fill="shared")
        .properties(
            title=titled(
                "Paired differences, with 95% intervals",
                order,
                "each condition less its reference, on the scenarios that count on both sides",
            )
        )
    )


def _labels(rows: pd.DataFrame) -> list[str]:
    keys = compared_conditions(rows)
    varied = [key for key in keys if rows.loc[rows[key] != ALL, key].nunique() > 1]
    texts = []
    for row in rows.to_dict("records"):
        told = [
            str(row[key])
            for key in keys
            if key not in (*PERSONA_COLUMNS, row["factor"]) and row[key] != ALL and key in varied
        ]
        factor = "" if row["factor"] == "category" else f"{row['factor']}: "
        texts.append(" · ".join([*told, f"{factor}{row['level']} − {row['reference']}"]))
    return texts
