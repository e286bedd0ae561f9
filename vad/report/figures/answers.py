"""The answers themselves: options chosen, letters chosen, and how alike the repeats are."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from ...study.questions import QUESTIONS
from .theme import INK, LINE, QUIET, Chart, filled, in_order, panels, shaped, titled, with_setting

QUESTION_TITLES = {"value": "stated values", "action": "chosen actions"}


def option_rows(
    options: pd.DataFrame, keys: Sequence[str], names: Mapping[str, Mapping[float, str]]
) -> list[pd.DataFrame]:
    """What `option_shares` draws, a table a question, each option by its name, highest first."""
    table = with_setting(options, keys).dropna(subset="share")
    table["score"] = table["label"].astype(float)
    tables = []
    for question in QUESTIONS:
        mine = table[table["question"] == question].sort_values(
            "score", ascending=False, kind="stable"
        )
        mine["option"] = [names[question].get(one, f"{one:+g}") for one in mine["score"]]
        tables.append(mine[["setting", "category", "option", "share"]])
    return tables


def option_shares(
    options: pd.DataFrame, keys: Sequence[str], names: Mapping[str, Mapping[float, str]]
) -> Chart:
    """How often each option was chosen, by question and persona category.

    options: the columns keys, category, question, label (the score) and share. names: what a score
    is called, by question, as `option_names` gives them.
    """
    whole = with_setting(options, keys)
    settings, categories = in_order(whole, "setting"), in_order(whole, "category")
    sides = [
        _option_bars(table, question, settings, categories)
        for question, table in zip(QUESTIONS, option_rows(options, keys, names), strict=True)
    ]
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
    table: pd.DataFrame, question: str, settings: list[str], categories: list[str]
) -> Chart:
    order = in_order(table, "option")
    bars = (
        alt.Chart(table)
        .mark_bar(stroke=INK, strokeWidth=0.5)
        .encode(
            x=alt.X(
                "option:N",
                sort=order,
                title=QUESTION_TITLES[question],
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


def letter_rows(letters: pd.DataFrame, keys: Sequence[str]) -> list[pd.DataFrame]:
    """What `letter_shares` draws, a table a question: each letter's share, and an equal share."""
    table = with_setting(letters, keys).dropna(subset="share")
    table = table[["setting", "category", "question", "label", "share"]]
    offered = table.groupby("question")["label"].transform("nunique")
    table = table.assign(equal=1 / offered, asked=table["question"].map(QUESTION_TITLES))
    return [table[table["question"] == question] for question in QUESTIONS]


def letter_shares(letters: pd.DataFrame, keys: Sequence[str]) -> Chart:
    """How often each letter was chosen, against an equal share of each.

    letters: the columns keys, category, question, label (the letter) and share. With option orders
    balanced, a respondent without a preference for places stays near the line.
    """
    whole = with_setting(letters, keys)
    settings, categories = in_order(whole, "setting"), in_order(whole, "category")
    sides = [
        _letter_lines(table, asked, settings, categories)
        for table, asked in zip(letter_rows(letters, keys), QUESTION_TITLES.values(), strict=True)
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
    equal = alt.Chart(table).mark_rule(color=QUIET, strokeDash=[4, 3]).encode(y="mean(equal):Q")
    share = alt.Y(
        "share:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(format="%", tickCount=4)
    )
    lines = base.mark_line(strokeWidth=1, color=LINE).encode(y=share, detail="category:N")
    points = base.mark_point(filled=True, size=55, opacity=1, stroke=INK, strokeWidth=0.6).encode(
        y=share, color=filled(categories), shape=shaped(categories)
    )
    return panels((equal + lines + points).properties(width=250, height=120), settings, 1)


def repeat_rows(repeats: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """What `repeat_agreement` draws: a row a persona and question."""
    asked = {f"agreement_{question}": QUESTION_TITLES[question] for question in QUESTIONS}
    wide = with_setting(repeats, keys)
    table = wide.melt(["setting", "persona"], [*asked], "asked", "share").dropna(subset="share")
    return table.assign(asked=table["asked"].map(asked))


def repeat_agreement_chart(repeats: pd.DataFrame, keys: Sequence[str]) -> Chart:
    """How often two repeats of a question gave the same answer, for each persona.

    repeats: the columns keys, category, persona, agreement_value and agreement_action.
    """
    wide = with_setting(repeats, keys)
    settings, people = in_order(wide, "setting"), in_order(wide, "persona")
    table = repeat_rows(repeats, keys)
    base = alt.Chart(table).encode(
        y=alt.Y("persona:N", sort=people, title=None, axis=alt.Axis(grid=True, ticks=False)),
        x=alt.X(
            "share:Q",
            title="pairs of repeats with the same answer",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", tickCount=5),
        ),
    )
    order = [*QUESTION_TITLES.values()]
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
