"""Pairing: rows of answers -> what was stated and what was chosen in each scenario, as arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..design.columns import BASELINE
from ..errors import StudyError
from ..runs.store.schema import RESPONSES
from ..study.questions import COMPETING, LEVEL, QUESTIONS
from .layouts import RELEASED_TRIAL, from_released, from_responses, refuse_off_order
from .measures import Array, Labels
from .parsers import Parser, as_read
from .reading import Reading, scale_in_words
from .scales import MOST_OPTIONS, Scales, refuse_open_letters, refuse_open_scores
from .table_files import read_table_file
from .told_apart import Roles, find_conditions, named_conditions


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
    reading      how the table was read
    """

    place: str
    items: pd.DataFrame
    conditions: list[str]
    values: Array
    actions: Array
    rows: pd.DataFrame
    reading: Reading

    def grouped(self, columns: Iterable[str]) -> Grouping:
        """The items grouped by columns of theirs, in order of appearance; by none, all are one."""
        return _grouped(self.items[[*dict.fromkeys(columns)]])


def read_answers(
    path: Path,
    scales: Scales | None = None,
    conditions: Sequence[str] | None = None,
    parser: Parser = "strict",
) -> Answers:
    """The answers of a file of any kind that `table_files` reads.

    scales: what letters and numbers stand for, where the file does not tell. conditions: the
    columns that tell conditions apart, where the file does not tell them from others. Raises
    StudyError if the answers cannot be used, or can be read in two ways. `vad.analysis.layouts`
    says what columns they need.
    """
    place, scales = str(path), scales or {}
    file = read_table_file(path)
    table, dropped = _of_gap(as_read(file.table, parser, place), place)
    rows = _rows(table, scales, place)
    if "question" in table and "order" in table and not scales:
        refuse_off_order(rows, table, place)
    elif "question" in table:
        refuse = refuse_open_scores if "score" in table else refuse_open_letters
        found = rows["score" if "score" in table else "letter"].dropna()
        refuse({name: found[rows["question"] == name] for name in QUESTIONS}, scales, place)
    if conditions is None:
        roles = find_conditions(table, place)
    else:
        roles = named_conditions(table, conditions, place)
    reading = Reading(
        file.kind,
        scale_in_words(table, rows, scales),
        _levels(table, roles.conditions),
        file.left_aside | roles.left_aside,
        file.dropped | dropped,
    )
    return _paired(table, rows, roles, reading, place)


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
    """The answers of a table whose writer is known, as a run's own; StudyError names column, row.

    place: what errors call the table. Its rows are counted from 1. Answers about the competing
    good and about a persona's own variables are no part of a gap and left aside. conditions: the
    columns that tell conditions apart, as a run's manifest has them; None for a file of anyone's,
    in which every column does that its layout does not know as something else.
    """
    table, dropped = _of_gap(table, place)
    rows = _rows(table, {}, place)
    if conditions is None:
        known = RELEASED_TRIAL
        if "question" in table:
            known = frozenset(name for name, one in RESPONSES.items() if one.role != "condition")
        conditions = [str(name) for name in table if name not in known]
    for name in conditions:
        if name not in table:
            has = ", ".join(map(str, table))
            raise StudyError(
                place, f"has no column `{name}`, which the run varied", f"it has {has}"
            )
    roles = Roles(conditions)
    levels = _levels(table, roles.conditions)
    reading = Reading("a run", scale_in_words(table, rows, {}), levels, {}, dropped)
    return _paired(table, rows, roles, reading, place)


def _of_gap(table: pd.DataFrame, place: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows that a gap is made of, and how many were left out, by what they are."""
    dropped: dict[str, int] = {}
    if "question" in table and len(table):
        aside = table["question"].isin((COMPETING, LEVEL))
        if aside.all():
            found = f"every row answers the {COMPETING} or the {LEVEL} question"
            raise StudyError(place, found, "a gap needs the value and the action question")
        for question in (COMPETING, LEVEL):
            count = int((table["question"] == question).sum())
            if count:
                dropped[f"answers to the {question} question"] = count
        table = table[~aside]
    if table.empty:
        raise StudyError(place, "holds no answer", "a row an answer, with a header")
    return table.reset_index(drop=True), dropped


def _rows(table: pd.DataFrame, scales: Scales, place: str) -> pd.DataFrame:
    """The rows of a table in one of the two layouts, both questions among them."""
    if "question" in table:
        rows = from_responses(table, scales, place)
    elif "task" in table:
        if scales:
            found = "the answers are as released in 2025, whose scales are known"
            raise StudyError(f"{place}: --scale", found, "leave it out")
        rows = from_released(table, place)
    else:
        raise StudyError(
            place,
            "lacks the column `question` (as in our responses) or `task` (as released in 2025)",
            f"it has {', '.join(map(str, table))}",
        )
    for name in QUESTIONS:
        if not (rows["question"] == name).any():
            raise StudyError(place, f"no row answers the {name} question", "a gap needs both")
    return rows


def _paired(
    table: pd.DataFrame, rows: pd.DataFrame, roles: Roles, reading: Reading, place: str
) -> Answers:
    conditions = roles.conditions
    condition = _grouped(table[conditions])
    _one_scale(rows.assign(condition=condition.of), place)
    scenario = [name for name in ("scenario", "topic", "value") if name in table]
    keys = table[[*conditions, *scenario, *roles.describing]]
    item = _grouped(keys)
    rows["item"] = item.of
    _both_somewhere(rows, keys, place)
    values, actions = (_array(rows, name, item, condition, place) for name in QUESTIONS)
    items = keys.iloc[item.first].reset_index(drop=True)
    return Answers(place, items, conditions, values, actions, rows, reading)


def _levels(table: pd.DataFrame, conditions: list[str]) -> dict[str, int]:
    return {name: int(table[name].nunique(dropna=False)) for name in conditions}


def _grouped(table: pd.DataFrame) -> Grouping:
    if not len(table.columns):
        whole = np.zeros(len(table), dtype=np.intp)
        return Grouping(whole, 1, whole[:1])
    groups = table.groupby([*table], sort=False, dropna=False)
    of: Labels = groups.ngroup().to_numpy().astype(np.intp)
    _, first = np.unique(of, return_index=True)
    return Grouping(of, len(first), first.astype(np.intp))


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
