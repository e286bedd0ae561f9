"""The gap: AD and AR by persona category, by value, and AD against the corrected gap."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from ...analysis.measure_table import BY_NAME, Measure
from ...design.columns import BASELINE
from ..formatting import format_number
from .theme import (
    FILLS,
    INK,
    QUIET,
    RAMP,
    Chart,
    filled,
    in_order,
    panels,
    shaped,
    titled,
    with_setting,
)

AD, CORRECTED = BY_NAME["ad"], BY_NAME["corrected_gap"]


def bar_rows(scores: pd.DataFrame, keys: Sequence[str], measure: Measure) -> pd.DataFrame:
    """What `category_bars` draws: setting, category, the measure, its text and the bar's end."""
    name = measure.name
    table = with_setting(_by_category(scores)[0], keys)[["setting", "category", name]]
    table["said"] = [format_number(name, one, digits=2) for one in table[name]]
    table["end"] = table[name].fillna(0)
    return table


def category_bars(scores: pd.DataFrame, keys: Sequence[str], measure: Measure) -> Chart:
    """A measure, a bar a persona category, for each choice of the factors.

    scores: rows of `Run.scores(by=[*keys, "category"])`, or by persona.
    """
    table, by = bar_rows(scores, keys, measure), _by_category(scores)[1]
    settings, categories = in_order(table, "setting"), in_order(table, "category")
    x = alt.X("end:Q", title=_axis(measure), axis=alt.Axis(tickCount=6))
    names = alt.Axis(ticks=False, domain=False, labelPadding=8)
    base = alt.Chart(table).encode(x=x)
    bars = base.mark_bar(stroke=INK, strokeWidth=0.6)
    figures = base.mark_text(align="left", dx=4, fontSize=9.5, color=INK).encode(text="said:N")
    if len(categories) > len(FILLS):
        # More than colours can tell apart: each bar has its name beside it.
        each = alt.Y("category:N", sort=categories, title=None, axis=names)
        layers = bars.encode(y=each, color=alt.value(FILLS[0])) + figures.encode(y=each)
        chart = panels(layers.properties(width=320, height=alt.Step(17)), settings, 2)
    else:
        rows = {
            "y": alt.Y("setting:N", sort=settings, title=None, axis=names),
            "yOffset": alt.YOffset("category:N", sort=categories),
        }
        layers = bars.encode(color=filled(categories), **rows) + figures.encode(**rows)
        chart = layers.properties(width=440, height=alt.Step(16, **{"for": "offset"}))
    return chart.properties(
        title=titled(
            f"{_capital(measure.noun)} between stated values and chosen actions",
            settings if len(categories) > len(FILLS) else ["", ""],
            by,
        )
    )


def value_matrix(scores: pd.DataFrame, keys: Sequence[str], measure: Measure) -> Chart:
    """A measure of each value in each persona category, the values of a group together.

    scores: rows of `Run.scores(by=[*keys, "category", "value"])`, or by persona and value, with a
    column `group` where values have one. A column of panels is for each choice of the factors.
    """
    table, by = _by_category(scores)
    table = with_setting(table, keys)
    if "group" not in table:
        table["group"] = ""
    name = measure.name
    table = table[["setting", "group", "value", "category", name]]
    middle = (table[name].min() + table[name].max()) / 2
    table["said"] = [
        format_number(name, one, digits=2) if one == one else "–" for one in table[name]
    ]
    table["dark"] = table[name] < middle
    settings, groups = in_order(table, "setting"), in_order(table, "group")
    blocks = [
        _matrix(table[table["group"] == group], settings, name, heads=group == groups[0])
        for group in groups
    ]
    return (
        alt.vconcat(*blocks, spacing=8)
        .resolve_scale(color="shared")
        .properties(
            title=titled(
                f"{_capital(measure.noun)} by value and persona",
                settings,
                f"{_axis(measure)}; – undefined",
                by,
            )
        )
    )


def _axis(measure: Measure) -> str:
    """A measure, its range and which way is nearer, as an axis says it."""
    said = f"{measure.noun}, {measure.range}"
    return f"{said}: {measure.direction}" if measure.direction else said


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _by_category(scores: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The scores with their column `category`, the personas in it if they come alone; in words."""
    if "category" in scores:
        return scores, "by persona category; a category is the mean of its personas"
    return scores.rename(columns={"persona": "category"}), "by persona"


def _matrix(table: pd.DataFrame, settings: list[str], measure: str, heads: bool) -> Chart:
    """The values of one group; heads: whether the columns' names stand above."""
    base = alt.Chart(table).encode(
        x=alt.X(
            "category:N",
            sort=in_order(table, "category"),
            title=None,
            axis=alt.Axis(
                orient="top", labelAngle=0, labels=heads, ticks=False, domain=False, grid=False
            ),
        ),
        y=alt.Y(
            "value:N",
            sort=in_order(table, "value"),
            title=table["group"].iloc[0] or None,
            axis=alt.Axis(
                ticks=False,
                domain=False,
                grid=False,
                minExtent=190,
                titleX=-200,
                titleY=-6,
                titleAngle=0,
                titleAlign="left",
                titleFontWeight=600,
                titleColor=INK,
            ),
        ),
    )
    cells = base.mark_rect(stroke="white", strokeWidth=1).encode(
        color=alt.Color(
            f"{measure}:Q",
            scale=alt.Scale(scheme=RAMP, zero=False),
            legend=alt.Legend(gradientLength=240, format=".1f"),
        )
    )
    figures = base.mark_text(fontSize=9).encode(
        text="said:N",
        color=alt.condition("datum.dark", alt.value("white"), alt.value("black")),
    )
    whole = (cells + figures).properties(width=alt.Step(66), height=alt.Step(14.5))
    if len(settings) == 1:
        return whole
    header = alt.Header(labels=heads, title=None)
    return whole.facet(column=alt.Column("setting:N", sort=settings, header=header))


def point_rows(scores: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """What `coherence` draws: a row a persona in which both figures are defined.

    Drawn last, the baseline lies over the rest.
    """
    table = with_setting(scores, keys)
    table = table[["setting", "category", "persona", "ad", "corrected_gap"]].dropna()
    last = table["category"] == BASELINE
    return pd.concat([table[~last], table[last]]).assign(chance=0)


def coherence(scores: pd.DataFrame, keys: Sequence[str]) -> Chart:
    """AD against the chance-corrected gap, a point a persona.

    scores: rows of `Run.scores(by=[*keys, "category", "persona"])`.
    """
    table = point_rows(scores, keys)
    settings, categories = (in_order(table.sort_index(), one) for one in ("setting", "category"))
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=85, opacity=1, stroke=INK, strokeWidth=0.7)
        .encode(
            x=alt.X(
                "ad:Q",
                title=f"{AD.noun}: {AD.direction}",
                scale=alt.Scale(zero=False, nice=True, padding=8),
                axis=alt.Axis(tickCount=4, grid=True),
            ),
            y=alt.Y(
                "corrected_gap:Q",
                title=f"{CORRECTED.noun}: {CORRECTED.direction}",
                scale=alt.Scale(zero=True, padding=8),
                axis=alt.Axis(tickCount=5, grid=True),
            ),
            color=filled(categories),
            shape=shaped(categories),
            tooltip=["persona:N", "setting:N", "ad:Q", "corrected_gap:Q"],
        )
    )
    chance = alt.Chart(table).mark_rule(color=QUIET, strokeDash=[4, 3]).encode(y="min(chance):Q")
    width, height = (340, 280) if len(settings) == 1 else (230, 200)
    panel = (chance + points).properties(width=width, height=height)
    return panels(panel, settings, 3).properties(
        title=titled(
            "Alignment distance against the chance-corrected gap",
            settings,
            "a point a persona; dashed: as far apart as values and actions paired at random",
            "towards lower left: answers pulled to the middle, near one another whatever they "
            "are about",
        )
    )
