"""Pairing: rows of answers -> what was stated and what was chosen in each scenario, as arrays."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..design.columns import BASELINE
from ..errors import StudyError
from ..runs.store.schema import RESPONSES
from ..study.questions import LEVEL, QUESTIONS
from .layouts import RELEASED_TRIAL, from_released, from_responses
from .measures import Array, Labels
from .parsers import Parser, as_read

MOST_OPTIONS = 12


@dataclass(frozen=True)
class Grouping:
    """Items grouped by columns: the group of each, how many groups there are, an item of each."""

    of: Labels
    n: int
    first: Labels


@dataclass(frozen=True)
class Answers:
    """Answers of one source, whatever its layout.

    items        a row a scenario in a condition, with all columns that tell them apart
    conditions   the names of those that tell conditions apart; the rest describes the scenario
    values       [items, repeats] on [-1, 1], NaN where missing, infinite where never asked
    actions      [items, repeats] likewise
    rows         a row an answer: item, question, score, and letter and position where known
    """

    place: str
    items: pd.DataFrame
    conditions: list[str]
    values: Array
    actions: Array
    rows: pd.DataFrame

    def grouped(self, columns: Iterable[str]) -> Grouping:
        """The items grouped by columns of theirs, in order of appearance; by none, all are one."""
        return _grouped(self.items[[*dict.fromkeys(columns)]])


def read_answers(path: Path, parser: Parser = "strict") -> Answers:
    """The answers of a CSV or Parquet file; StudyError if they cannot be used.

    `vad.layout` says what columns they need.
    """
    return pair(as_read(_read(path), parser, str(path)), str(path))


def with_beliefs(answers: Answers, manifest: dict[str, Any], by: Iterable[str]) -> Answers:
    """A run's answers with a column for each variable of its personas that `by` names.

    It holds the level of the row's persona, and `baseline` where none was shown.
    """
    personas: dict[str, dict[str, str]] = manifest.get("personas", {})
    variables = {name for beliefs in personas.values() for name in beliefs}
    wanted = [name for name in by if name in variables and name not in answers.items]
    levels = {
        name: answers.items["persona"].map(
            {who: beliefs.get(name) for who, beliefs in personas.items()} | {BASELINE: BASELINE}
        )
        for name in wanted
    }
    return replace(
        answers,
        items=answers.items.assign(**levels),
        conditions=[*answers.conditions, *wanted],
    )


def pair(table: pd.DataFrame, place: str, conditions: list[str] | None = None) -> Answers:
    """The answers of a table in one of the two layouts; StudyError names the column and row.

    place: what errors call the table. Its rows are counted from 1. A persona's answers about its
    own variables are no part of a gap and left aside. conditions: the columns that tell conditions
    apart, as a run's manifest has them; None for a file of anyone's, in which every column does
    that its layout does not know as something else.
    """
    if "question" in table and len(table):
        table = table[table["question"] != LEVEL]
        if table.empty:
            found = f"every row answers the {LEVEL} question, about a persona's own variables"
            raise StudyError(place, found, "a gap needs the value and the action question")
    table = table.reset_index(drop=True)
    if table.empty:
        raise StudyError(place, "holds no answer", "a row an answer, with a header")
    if "question" in table:
        rows = from_responses(table, place)
        known = frozenset(name for name, one in RESPONSES.items() if one.role != "condition")
    elif "task" in table:
        rows, known = from_released(table, place), RELEASED_TRIAL
    else:
        raise StudyError(
            place,
            "lacks the column `question` (as in our responses) or `task` (as released in 2025)",
            f"it has {', '.join(map(str, table))}",
        )
    if conditions is None:
        conditions = [str(name) for name in table if name not in known]
    for name in conditions:
        if name not in table:
            has = ", ".join(map(str, table))
            raise StudyError(
                place, f"has no column `{name}`, which the run varied", f"it has {has}"
            )
    for name in QUESTIONS:
        if not (rows["question"] == name).any():
            raise StudyError(place, f"no row answers the {name} question", "a gap needs both")
    condition = _grouped(table[conditions])
    _one_scale(rows.assign(condition=condition.of), place)
    scenario = [name for name in ("scenario", "topic", "value") if name in table]
    keys = table[[*conditions, *scenario]]
    item = _grouped(keys)
    rows["item"] = item.of
    _both_somewhere(rows, keys, place)
    values, actions = (_array(rows, name, item, condition, place) for name in QUESTIONS)
    items = keys.iloc[item.first].reset_index(drop=True)
    return Answers(place, items, conditions, values, actions, rows)


def _grouped(table: pd.DataFrame) -> Grouping:
    if not len(table.columns):
        whole = np.zeros(len(table), dtype=np.intp)
        return Grouping(whole, 1, whole[:1])
    groups = table.groupby([*table], sort=False, dropna=False)
    of: Labels = groups.ngroup().to_numpy().astype(np.intp)
    _, first = np.unique(of, return_index=True)
    return Grouping(of, len(first), first.astype(np.intp))


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, low_memory=False)
    except FileNotFoundError:
        raise StudyError(str(path), "no such file or run folder") from None
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise StudyError(
            str(path),
            f"cannot be read as CSV or Parquet: {error}",
            "a row an answer, with a header",
        ) from None


def _array(
    rows: pd.DataFrame, question: str, item: Grouping, condition: Grouping, place: str
) -> Array:
    """[items, repeats] of one question; a second row for the same place is refused."""
    of_question = rows["question"] == question
    mine = rows[of_question]
    row = mine.index.to_numpy() + 1
    repeat, repeats = pd.factorize(mine["repeat"], sort=True)
    if (repeat < 0).any():
        raise StudyError(f"{place}: repeat, row {row[repeat < 0][0]}", "is empty")
    at = mine["item"].to_numpy() * len(repeats) + repeat
    twice = pd.Series(at).duplicated().to_numpy()
    if twice.any():
        both = row[at == at[twice][0]][:2]
        raise StudyError(
            f"{place}: rows {both[0]} and {both[1]}",
            f"both answer the {question} question of the same scenario, condition and repeat",
            "leave one, or number them in `repeat` (`prompt_index`)",
        )
    asked = np.zeros((condition.n, len(repeats)), dtype=bool)
    asked[condition.of[of_question], repeat] = True
    array: Array = np.where(asked[condition.of[item.first]], np.nan, np.inf)
    array.ravel()[at] = mine["score"]
    return array


def _one_scale(rows: pd.DataFrame, place: str) -> None:
    """Refuse a condition whose answers no single scale of equally spaced options holds."""
    different = rows[["condition", "question", "score", "options"]].drop_duplicates()
    for (_, question), mine in different.groupby(["condition", "question"], sort=False):
        given = np.unique(np.round(mine["score"].dropna(), 6))
        counts = sorted({int(count) for count in mine["options"]})
        steps = [(1 - given) / 2 * (options - 1) for options in range(2, MOST_OPTIONS + 1)]
        if len(counts) == 1 and any(np.allclose(one, one.round(), atol=1e-4) for one in steps):
            continue
        found = ", ".join(f"{one:.3g}" for one in given[:8])
        raise StudyError(
            f"{place}: {question} question",
            f"mixed scales: scores {found}" + (f"; {counts} options" if len(counts) > 1 else ""),
            f"a condition's answers stand on one scale of 2 to {MOST_OPTIONS} equally spaced "
            "options",
        )


def _both_somewhere(rows: pd.DataFrame, keys: pd.DataFrame, place: str) -> None:
    """Refuse a file in which no scenario was asked both questions under one condition."""
    value = rows["question"] == "value"
    if set(rows["item"][value]) & set(rows["item"][~value]):
        return
    apart = [str(name) for name in keys if not {*keys[name][value]} & {*keys[name][~value]}]
    raise StudyError(
        place,
        "no scenario was asked both questions under one condition",
        f"the rows of the two questions differ in {', '.join(apart) or 'their columns together'}",
    )
