"""Distributions: how often each option, letter and position was chosen."""

from typing import Any

import numpy as np
import pandas as pd

from ..study.questions import QUESTIONS
from .answers import Answers
from .measures import shares


def distributions(answers: Answers, by: tuple[str, ...]) -> pd.DataFrame:
    """A row a group, question, kind and label, with its share of the answers given.

    by: columns of the items, whose groups come first in a row. kind: score (on [-1, 1]), letter, or
    position (from 1); letters and positions only where the answers tell them. Returns the columns
    of `by`, then question, kind, label, share; NaN in a group without an answer.
    """
    group = answers.grouped(by)
    names = answers.items.loc[group.first, [*by]].reset_index(drop=True)
    tables = []
    for question in QUESTIONS:
        rows = answers.rows[answers.rows["question"] == question]
        for kind in ("score", "letter", "position"):
            if kind not in rows or not rows[kind].notna().any():
                continue
            codes, labels = pd.factorize(_labels(rows[kind]), sort=True)
            share = shares(codes, len(labels), group.of[rows["item"]], group.n)
            table = names.loc[names.index.repeat(len(labels))].reset_index(drop=True)
            table["question"], table["kind"] = question, kind
            table["label"] = np.tile([str(label) for label in labels], group.n)
            table["share"] = share.ravel()
            tables.append(table)
    if not tables:
        return pd.DataFrame(columns=[*by, "question", "kind", "label", "share"])
    return pd.concat(tables, ignore_index=True)


def _labels(column: "pd.Series[Any]") -> "pd.Series[Any]":
    if column.name == "score":
        return column.round(3)
    return (column + 1).astype("Int64") if column.name == "position" else column
