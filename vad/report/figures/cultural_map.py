"""The cultural map: where the personas' beliefs put them."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from ...design.columns import BASELINE
from ...study.personas import Persona
from .theme import INK, LINE, Chart, filled, in_order, shaped, titled

SIDE = 440
"""The map's width and height in pixels, for axes from -REACH to REACH."""
REACH = 1.35
SPREAD = ("x", "y", "x_opposed", "y_opposed")
AWAY = [(side, up) for up in (17, -17, 0, 32, -32, 47, -47) for side in (0, 1, -1)]
"""Where a label may stand: half its width to a side, pixels up; the first that is free is taken."""


def places(people: Sequence[Persona]) -> pd.DataFrame:
    """A row a persona: category, x and y (its place on the second and first axis, -1 to 1), and
    how far its beliefs on each oppose one another, x_opposed and y_opposed. Empty where the
    variables do not have two axes."""
    rows = []
    for one in people:
        place, opposed = one.place(), one.opposition()
        if len(place) != 2:
            return pd.DataFrame()
        (up, y), (across, x) = place.items()
        rows.append(
            {
                "persona": one.name,
                "category": one.category,
                "x": x,
                "y": y,
                "x_opposed": opposed[across],
                "y_opposed": opposed[up],
                "across": across,
                "up": up,
            }
        )
    return pd.DataFrame(rows)


def cultural_map(table: pd.DataFrame) -> Chart:
    """The personas on the map, their categories by colour and shape.

    table: as `places` gives it.
    """
    categories = in_order(table, "category")
    across, up = table["across"].iloc[0], table["up"].iloc[0]
    table = table.assign(
        left=table["x"] - table["x_opposed"] / 2,
        right=table["x"] + table["x_opposed"] / 2,
        low=table["y"] - table["y_opposed"] / 2,
        high=table["y"] + table["y_opposed"] / 2,
    ).drop(columns=["across", "up"])
    scale = alt.Scale(domain=[-REACH, REACH], nice=False)
    marks = [-1, -0.5, 0, 0.5, 1]
    x = alt.X("x:Q", scale=scale, title=_ends(across), axis=alt.Axis(values=marks))
    y = alt.Y("y:Q", scale=scale, title=_ends(up), axis=alt.Axis(values=marks))
    base = alt.Chart(table).encode(x=x, y=y)
    axes = [
        alt.Chart(table).mark_rule(color=LINE).encode(x=alt.datum(0)),
        alt.Chart(table).mark_rule(color=LINE).encode(y=alt.datum(0)),
    ]
    # As in every figure, the first colour and shape are the baseline's; it has no place here.
    colour, shape = (channel([BASELINE, *categories]) for channel in (filled, shaped))
    legend = alt.Legend(values=categories, symbolOpacity=1)
    line = base.mark_rule(strokeWidth=2.5, opacity=0.55)
    spread = [
        line.encode(x="left:Q", x2="right:Q", color=colour.legend(legend)),
        line.encode(y="low:Q", y2="high:Q", color=colour.legend(legend)),
    ]
    points = base.mark_point(filled=True, size=95, opacity=1, stroke=INK, strokeWidth=0.8).encode(
        color=colour.legend(legend), shape=shape.legend(legend)
    )
    named = alt.Chart(_labels(table)).encode(x="x:Q", y="y:Q", text="label:N")
    labels = [
        named.mark_text(fontSize=10, color="white", stroke="white", strokeWidth=3),
        named.mark_text(fontSize=10, color=INK),
    ]
    return alt.layer(*axes, *spread, points, *labels).properties(
        width=SIDE,
        height=SIDE,
        view=alt.ViewConfig(stroke=LINE),
        title=titled(
            "The personas on the cultural map",
            (),
            "the mean of their beliefs on each axis: a place in this design, no survey coordinate",
            "crossed lines: how far the beliefs on an axis oppose one another",
        ),
    )


def _ends(axis: str) -> str:
    low, _, high = axis.partition(" - ")
    # Spaces that SVG does not fold into one.
    return f"← {low}{12 * chr(0xA0)}{high} →" if high else axis


def _labels(table: pd.DataFrame) -> pd.DataFrame:
    """Where each name stands, personas of one place named together, none over another or a line."""
    unit = SIDE / (2 * REACH)
    points = [(x * unit, y * unit) for x, y in zip(table["x"], table["y"], strict=True)]
    taken = [(x - 6, x + 6, y - 6, y + 6) for x, y in points]
    for x, y, across, up in zip(*(table[name] * unit for name in SPREAD), strict=True):
        taken += [(x - across / 2, x + across / 2, y, y), (x, x, y - up / 2, y + up / 2)]
    rows = []
    for _, mine in table.round({"x": 2, "y": 2}).groupby(["x", "y", "category"], sort=False):
        x, y = mine["x"].iloc[0], mine["y"].iloc[0]
        first, *others = mine["persona"]
        stem = first.rstrip("0123456789")
        label = ", ".join([first, *(name.removeprefix(stem) for name in others)])
        half = 2.8 * len(label) + 2
        for across, up in AWAY:
            a, b = x * unit + across * (half + 10), y * unit + up
            box = (a - half, a + half, b - 6, b + 6)
            if not any(
                box[0] < right and left < box[1] and box[2] < top and bottom < box[3]
                for left, right, bottom, top in taken
            ):
                break
        taken.append(box)
        rows.append({"x": a / unit, "y": b / unit, "label": label})
    return pd.DataFrame(rows)
