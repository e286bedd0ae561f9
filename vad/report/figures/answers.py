"""The answers themselves: options chosen, letters chosen, and how alike the repeats are."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from ...layout import QUESTIONS
from .style import INK, LINE, QUIET, Chart, filled, in_order, panels, shaped, titled, with_setting

ASKED = {"value": "stated values", "action": "chosen actions"}


def option_shares(
    options: pd.DataFrame, keys: Sequence[str], names: Mapping[str, Mapping[float, str]]
) -> Chart:
    """How often each option was chosen, by question and persona category.

    options: the columns keys, category, question, label (the score) and share. names: what a score
    is called, by question, as `option_names` gives them.
    """
    table = with_setting(options, keys)
    table = table.assign(score=table["label"].astype(float)).dropna(subset="share")
    settings, categories = in_order(table, "setting"), in_order(table, "category")
    sides = []
    for question in QUESTIONS:
        mine = table[table["question"] == question]
        name = {score: names[question].get(score, f"{score:+g}") for score in mine["score"]}
        mine = mine.assign(option=mine["score"].map(name))
        order = [name[score] for score in sorted(name, reverse=True)]
        sides.append(_option_bars(mine, question, settings, categories, order))
    return (
        alt.hconcat(*sides, spacing=28)
        .resolve_scale(y="shared", color="shared")
        .properties(
            title=titled(
                "What was said and what was chosen",
                settings,
                "share of the answers given, from the strongest agreement or alignment on",
            )
        )
    )


def _option_bars(
    table: pd.DataFrame,
    question: str,
    settings: list[str],
    categories: list[str],
    order: list[str],
) -> Chart:
    bars = (
        alt.Chart(table[["setting", "category", "option", "share"]])
        .mark_bar(stroke=INK, strokeWidth=0.5)
        .encode(
            x=alt.X(
                "option:N",
                sort=order,
                title=ASKED[question],
                axis=alt.Axis(
                    labelAngle=0,
                    labelExpr="split(datum.label, ' ')",
                    labelFontSize=9.5,
                    ticks=False,
                    titlePadding=8,
                ),
            ),
            xOffset=alt.XOffset("category:N", sort=categories),
            y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%", tickCount=4)),
            color=filled(categories),
        )
        .properties(width=max(70 * len(order), 160), height=120)
    )
    return panels(bars, settings, 1)


def letter_shares(letters: pd.DataFrame, keys: Sequence[str]) -> Chart:
    """How often each letter was chosen, against an equal share of each.

    letters: the columns keys, category, question, label (the letter) and share. With option orders
    balanced, a respondent without a preference for places stays near the line.
    """
    table = with_setting(letters, keys).dropna(subset="share")
    table = table[["setting", "category", "question", "label", "share"]]
    offered = table.groupby("question")["label"].transform("nunique")
    table = table.assign(equal=1 / offered, asked=table["question"].map(ASKED))
    settings, categories = in_order(table, "setting"), in_order(table, "category")
    sides = [
        _letter_lines(table[table["asked"] == asked], asked, settings, categories)
        for asked in ASKED.values()
    ]
    return (
        alt.hconcat(*sides, spacing=28)
        .resolve_scale(y="shared")
        .properties(
            title=titled(
                "Letters chosen",
                settings,
                "share of the answers given; dashed: every letter alike",
                "off the line: a preference for a place in the list, or for what stands there "
                "more often",
            )
        )
    )


def _letter_lines(
    table: pd.DataFrame, asked: str, settings: list[str], categories: list[str]
) -> Chart:
    base = alt.Chart(table).encode(
        x=alt.X("label:N", title=f"letter, {asked}", axis=alt.Axis(labelAngle=0, grid=False))
    )
    equal = base.mark_rule(color=QUIET, strokeDash=[4, 3]).encode(x=alt.X(), y="mean(equal):Q")
    share = alt.Y(
        "share:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(format="%", tickCount=4)
    )
    lines = base.mark_line(strokeWidth=1, color=LINE).encode(y=share, detail="category:N")
    points = base.mark_point(filled=True, size=55, opacity=1, stroke=INK, strokeWidth=0.6).encode(
        y=share, color=filled(categories), shape=shaped(categories)
    )
    return panels((equal + lines + points).properties(width=250, height=120), settings, 1)


def repeat_agreement(repeats: pd.DataFrame, keys: Sequence[str]) -> Chart:
    """How often two repeats of a question gave the same answer, for each persona.

    repeats: the columns keys, category, persona, agreement_value and agreement_action.
    """
    wide = with_setting(repeats, keys)
    settings, people = in_order(wide, "setting"), in_order(wide, "persona")
    asked = {f"agreement_{question}": ASKED[question] for question in QUESTIONS}
    table = wide.melt(["setting", "persona"], [*asked], "asked", "share").dropna(subset="share")
    table["asked"] = table["asked"].map(asked)
    base = alt.Chart(table).encode(
        y=alt.Y("persona:N", sort=people, title=None, axis=alt.Axis(grid=True, ticks=False)),
        x=alt.X(
            "share:Q",
            title="share of pairs of repeats with the same answer",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", tickCount=5),
        ),
    )
    order = [*asked.values()]
    points = base.mark_point(filled=True, size=60, opacity=1, stroke=INK, strokeWidth=0.7).encode(
        color=alt.Color("asked:N", scale=alt.Scale(domain=order, range=["#004488", "#ddaa33"])),
        shape=alt.Shape("asked:N", scale=alt.Scale(domain=order, range=["circle", "diamond"])),
    )
    spans = base.mark_line(color=LINE, strokeWidth=2).encode(detail="persona:N")
    panel = (spans + points).properties(width=230, height=alt.Step(17))
    return panels(panel, settings, 3).properties(
        title=titled(
            "Agreement between repeats of the same question",
            settings,
            "right is steadier",
        )
    )
