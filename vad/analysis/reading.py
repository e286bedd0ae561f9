"""Reading: how somebody's table of answers was read, said so that they see whether it is right."""

from dataclasses import dataclass

import pandas as pd

from ..study.questions import QUESTIONS
from .scales import ENDS, Scale, Scales


@dataclass(frozen=True)
class Reading:
    """How a table of answers was read, for whoever must see that it was read right.

    kind         of file
    scale        of each question: its two ends, with their scores
    conditions   columns that tell conditions apart, with how many levels each has
    left_aside   columns that figures do not rest on, with the reason
    dropped      rows that are no answers to the two questions, by what they are
    """

    kind: str
    scale: dict[str, str]
    conditions: dict[str, int]
    left_aside: dict[str, str]
    dropped: dict[str, int]


def scale_in_words(table: pd.DataFrame, rows: pd.DataFrame, scales: Scales) -> dict[str, str]:
    """Of each question, what its two ends are called and score, and what was found between them."""
    words = {}
    for name in QUESTIONS:
        mine = rows[rows["question"] == name]
        scores = mine["score"].dropna()
        if "task" in table:
            scale = Scale("1", "4") if name == "value" else Scale("0", "1")
            read = "likert" if name == "value" else "normalized"
        elif "score" in table:
            read, scale = "score", scales.get(name, Scale("1", "-1"))
        else:
            read = "letter"
            last = chr(ord("A") + int(mine["options"].max()) - 1)
            scale = scales.get(name, Scale("A", last))
        high, low = ENDS[name]
        shuffled = ", shuffled as `order` says" if read == "letter" and "order" in table else ""
        words[name] = f"{read} {scale.top} (1, {high}) to {scale.bottom} (-1, {low}){shuffled}"
        if len(scores):
            words[name] += f"; scores found: {scores.min():.3g} to {scores.max():.3g}"
    return words
