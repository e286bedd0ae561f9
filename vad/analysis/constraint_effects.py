"""Audit: what holding answers to a constraint did to them, from a run that varied `decoding`.

    [vary]
    decoding = ["free", "constrained", "letter"]

Every table is a DataFrame; intervals are those of `vad compare`: 95% expanded
percentile bootstraps over scenarios, 2,000 resamples.
What a run did not vary leaves its table empty.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import StudyError
from ..runs.store.schema import ASKED_ONCE, in_role
from .comparison_table import primary_contrasts
from .csv_files import write_csv
from .parsers import marked
from .resampling import mean_interval
from .results import Run
from .unreadable import unreadable_by_kind

TABLES = {
    "audit_answers": "answers: unreadable ones, reasonings cut by the bound, the mean cost",
    "audit_kinds": "unreadable answers by kind",
    "audit_mass": "probability on the legal letters before the mask: near 0, the letter is coerced",
    "audit_agreement": "the same question decoded in two ways, where both could be read",
    "audit_shift": "what changes with decoding, against the reference",
    "audit_expected": "the score expected from the probabilities, less the sampled one",
}
REASONING_OPENS = '"reasoning": "'
BOUND = re.compile(r'"reasoning": "\(*\[.*?[^\\]\]\)*\{\d+,(\d+)\}')


def audit(run: Run) -> dict[str, pd.DataFrame]:
    """The tables of TABLES, by name.

    Raises StudyError for a run in which `decoding` has one level and is not "letter".
    """
    rows = run.responses()
    known = dict.fromkeys([*run.levels("decoding"), *rows["decoding"].unique()])
    found = [one for one in known if one in set(rows["decoding"])]
    if len(found) < 2 and "letter" not in found:
        raise StudyError(
            f"{run.folder}: decoding",
            f'has one level, "{found[0]}": there is nothing to hold it against',
            'write under [vary]: decoding = ["free", "constrained", "letter"]',
        )
    # In the order of the experiment, whichever answer came back first.
    rows = run.ordered(rows, ["decoding", "question"])
    same = [name for name in run.conditions if name != "decoding"]
    tables = (
        _answers(rows, _cuts(run, rows)),
        _kinds(rows),
        _mass(rows),
        pd.DataFrame(_agreement(rows, same)),
        pd.DataFrame([*_gaps(run, len(found)), *_shift(rows, found)]),
        _expected(rows),
    )
    return dict(zip(TABLES, tables, strict=True))


def write_audit(run: Run, tables: dict[str, pd.DataFrame]) -> Path:
    """Write the tables, those that are not empty, as CSV under `RUN/tables`.

    What rests on the lenient parser goes under `RUN/lenient/tables`.
    """
    folder = run.written / "tables"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            if len(table):
                write_csv(marked(table, run.parser), folder / f"{name}.csv")
    except OSError as error:
        raise StudyError(str(folder), f"cannot be written: {error.strerror}") from None
    return folder


def _answers(rows: pd.DataFrame, cuts: "pd.Series[Any]") -> pd.DataFrame:
    """A row a model and decoding; lenient: answers that the lenient parser reads, constrained ones
    among them; tokens and seconds are means an answer."""
    # A run that was kept without a lenient reading has none to show.
    read = rows["valid"].astype(bool)
    if "lenient_option" in rows:
        read |= rows["lenient_option"].notna()
    groups = rows.assign(read=read).groupby(["model", "decoding"], sort=False)
    table = groups.agg(
        answers=("valid", "size"),
        unreadable=("valid", lambda valid: int((~valid).sum())),
        lenient=("read", "sum"),
        **{name: (name, "mean") for name in in_role("cost")},
    )
    table.insert(2, "share", table["unreadable"] / table["answers"])
    table.insert(3, "cut", cuts.reindex(table.index))
    return table.reset_index()


def _cuts(run: Run, rows: pd.DataFrame) -> "pd.Series[Any]":
    """The share of reasonings as long as their bound, a model and decoding; none without one."""
    calls = run.calls(["trials", "constraint", "text"])
    calls = calls[calls["constraint"].notna()]
    calls = calls.assign(bound=calls["constraint"].map(_bound), trial=calls["trials"].str[0])
    calls = calls.dropna(subset="bound")
    cut = [
        text.find('"', _start(text)) - _start(text) >= bound
        for text, bound in zip(calls["text"], calls["bound"], strict=True)
    ]
    calls["cut"] = np.array(cut, dtype=np.float64)
    named = rows[["trial", "model", "decoding"]].drop_duplicates("trial")
    return calls.merge(named, on="trial").groupby(["model", "decoding"])["cut"].mean()


def _start(text: str) -> int:
    """Where a constrained answer's reasoning begins; no quote stands in it."""
    return text.rindex(REASONING_OPENS) + len(REASONING_OPENS)


@lru_cache
def _bound(constraint: str) -> int | None:
    """How many characters a reasoning may have, as the constraint that was sent says."""
    found = BOUND.search(constraint)
    return int(found[1]) if found else None


def _kinds(rows: pd.DataFrame) -> pd.DataFrame:
    keys = ["model", "decoding"]
    kinds = unreadable_by_kind(rows, keys).reset_index()
    table = kinds.melt(keys, var_name="problem", value_name="answers")
    table = table[table["answers"] > 0]
    asked = rows.groupby(keys).size().rename("asked").reset_index()
    table = table.merge(asked, on=keys)
    table["share"] = table["answers"] / table.pop("asked")
    return table.sort_values([*keys, "answers"], ascending=[True, True, False])


def _mass(rows: pd.DataFrame) -> pd.DataFrame:
    weighed = rows[rows["probabilities"].notna()]
    weighed = weighed.assign(mass=weighed["probabilities"].map(sum))
    return (
        weighed.groupby(["model", "question"], sort=False)["mass"]
        .agg(
            answers="size",
            mean="mean",
            lowest="min",
            percentile_5=lambda mass: mass.quantile(0.05),
            below_half=lambda mass: (mass < 0.5).mean(),
        )
        .reset_index()
    )


def _agreement(rows: pd.DataFrame, same: list[str]) -> Iterator[dict[str, Any]]:
    """Of every two decodings; two that are both constrained show how often chance alone agrees."""
    valid = rows[rows["valid"]]
    keys = [*same, *ASKED_ONCE]
    for model, mine in valid.groupby("model", sort=False):
        for first, second in combinations(mine["decoding"].unique(), 2):
            a, b = (mine[mine["decoding"] == one] for one in (first, second))
            both = a.merge(b, on=keys, suffixes=("_a", "_b"))
            for question, part in both.groupby("question", sort=False):
                agreed = part["option_a"] == part["option_b"]
                apart = (part["score_a"] - part["score_b"]).abs()
                alike = part.assign(x=agreed).groupby("scenario")["x"].mean()
                mean, low, high = mean_interval(alike)
                yield {
                    "model": model,
                    "decoding": first,
                    "and": second,
                    "question": question,
                    "both": len(part),
                    "same option": mean,
                    "low": low,
                    "high": high,
                    "score apart": apart.mean(),
                }


def _gaps(run: Run, levels: int) -> Iterator[dict[str, Any]]:
    """AR, AD and the corrected gap, as `vad compare` has them."""
    if levels < 2:
        return
    table = run.compare()
    mine = table[(table["factor"] == "decoding") & (table["within"] == "all")]
    for row in primary_contrasts(mine).to_dict("records"):
        yield {
            "model": row["model"],
            "decoding": row["level"],
            "reference": row["reference"],
            "figure": row["measure"],
            "here": row["figure"],
            "there": row["reference_figure"],
            "difference": row["difference"],
            "low": row["low"],
            "high": row["high"],
        }


def _shift(rows: pd.DataFrame, levels: list[Any]) -> Iterator[dict[str, Any]]:
    """The mean score, and each option's share, a question; a scenario counts where both have it."""
    valid = rows[rows["valid"]]
    for (model, question), mine in valid.groupby(["model", "question"], sort=False):
        figures = {"mean score": mine["score"]}
        for option in sorted(mine["option"].dropna().unique()):
            figures[f"share of option {int(option) + 1}"] = (mine["option"] == option) * 1.0
        for level in levels[1:]:
            for name, figure in figures.items():
                by = mine.assign(x=figure).groupby(["scenario", "decoding"])["x"].mean().unstack()
                if not {level, levels[0]} <= set(by):
                    continue
                by = by[[level, levels[0]]].dropna()
                mean, low, high = mean_interval(by[level] - by[levels[0]])
                yield {
                    "model": model,
                    "decoding": level,
                    "reference": levels[0],
                    "figure": f"{question}: {name}",
                    "here": by[level].mean(),
                    "there": by[levels[0]].mean(),
                    "difference": mean,
                    "low": low,
                    "high": high,
                }


def _expected(rows: pd.DataFrame) -> pd.DataFrame:
    found = []
    weighed = rows[rows["expected"].notna()]
    for (model, question), mine in weighed.groupby(["model", "question"], sort=False):
        places = [
            list(order).index(option)
            for order, option in zip(mine["order"], mine["option"], strict=True)
        ]
        given = [
            chances[place] / sum(chances)
            for chances, place in zip(mine["probabilities"], places, strict=True)
        ]
        likeliest = [
            int(np.argmax(chances)) == place
            for chances, place in zip(mine["probabilities"], places, strict=True)
        ]
        apart = (mine["expected"] - mine["score"]).groupby(mine["scenario"]).mean()
        mean, low, high = mean_interval(apart)
        found.append(
            {
                "model": model,
                "question": question,
                "answers": len(mine),
                "expected": mine["expected"].mean(),
                "sampled": mine["score"].mean(),
                "difference": mean,
                "low": low,
                "high": high,
                "correlation": mine["expected"].corr(mine["score"]),
                "likeliest given": float(np.mean(likeliest)),
                "given had": float(np.mean(given)),
            }
        )
    return pd.DataFrame(found)
