"""Told apart: which columns of somebody's answers are conditions, and which are left aside.

A file says what stood in a column, not what the column is. One is a condition where rows could not
be told apart without it and every scenario was asked under each of its levels, or where it only
says more of a condition that is known (a persona's category). One that differs between the two
questions of a scenario (latency, tokens, a timestamp, an id, the raw text) came with the answer;
to group by it would pair answers by chance. What may be either is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import StudyError, unknown
from ..runs.store.schema import RESPONSES, in_role
from .layouts import RELEASED_TRIAL

KNOWN = ("model", "program", "format", "persona", "category", "decoding", "adapter", "country")
"""Columns that are conditions by their name, as a run's own."""

REPEATS = ("attempt", "draw", "iteration", "rep", "replicate", "round", "run", "sample", "seed")
"""Names that people give to what tells repeats apart."""

NEARLY = 0.9
"""Share of a crossed condition's cells that hold as many rows as most do; others lost some."""
OFTEN = 0.25
"""Share of pairs in which a column differs from which on it came with the answer."""


@dataclass(frozen=True)
class Roles:
    """What each column is: a condition, a description of the scenario, or left aside, and why."""

    conditions: list[str]
    describing: list[str] = field(default_factory=list)
    left_aside: dict[str, str] = field(default_factory=dict)


def named_conditions(table: pd.DataFrame, names: Sequence[str], place: str) -> Roles:
    """The conditions somebody names; every other column that could be one is left aside."""
    there = _candidates(table)
    for name in names:
        if name not in there:
            raise unknown("--conditions", "column", name, f"{place} has", there)
    aside = {name: "not among --conditions" for name in there if name not in names}
    return Roles([*names], [], aside)


def find_conditions(table: pd.DataFrame, place: str) -> Roles:
    """The roles of a table's columns; StudyError with the lines to choose from for one that may be
    a condition or not."""
    asked = "question" if "question" in table else "task"
    repeat = "repeat" if asked == "question" else "prompt_index"
    candidates = _candidates(table)
    roles = Roles([name for name in candidates if name in KNOWN])
    open_ = [name for name in candidates if name not in KNOWN]
    trial = [asked, *([repeat] if repeat in table else [])]
    before = _codes(table, [*roles.conditions, *_scenario(table), *trial])
    for name in list(open_):
        if table[name].nunique(dropna=False) == 1:
            roles.conditions.append(name)
        elif _crossed(before, _codes(table, [name])):
            if repeat not in table and name.lower() in REPEATS:
                raise _either(place, name, roles, "may count repeats", f"rename it `{repeat}`, or ")
            roles.conditions.append(name)
        else:
            continue
        open_.remove(name)
    roles.conditions.sort(key=candidates.index)
    for name in open_:
        _judge(table, name, roles, place)
    roles.conditions.sort(key=candidates.index)
    return roles


def _candidates(table: pd.DataFrame) -> list[str]:
    """The columns that no layout gives a meaning of its own."""
    of_trials = RESPONSES.keys() - {*in_role("condition")}
    taken = of_trials if "question" in table else RELEASED_TRIAL
    return [str(name) for name in table if name not in taken]


def _crossed(unit: "pd.Series[int]", level: "pd.Series[int]") -> bool:
    """Whether each unit (a scenario, question and repeat under the known conditions) has each level
    equally often, but for rows that were lost."""
    if level.nunique() > unit.value_counts().max():
        return False
    counts = pd.crosstab(unit, level).to_numpy()
    most = np.bincount(counts.ravel()).argmax()
    return bool(most > 0 and (counts == most).mean() >= NEARLY)


def _judge(table: pd.DataFrame, name: str, roles: Roles, place: str) -> None:
    """Give a column that rows are told apart without its role; refuse it if it may have two."""
    level, item = _codes(table, [name]), _codes(table, _scenario(table))
    if _decides(_codes(table, roles.conditions), level):
        roles.conditions.append(name)
        return
    if item.nunique() > 1 and _decides(level, item):
        if _decides(item, level):
            roles.describing.append(name)
        roles.left_aside[name] = "no two scenarios share one of it"
        return
    if any(
        _decides(wider, level) and not _decides(wider, item)
        for wider in (_codes(table, [one]) for one in ("value", "topic") if one in table)
        if "scenario" in table
    ):
        roles.describing.append(name)
        roles.left_aside[name] = "describes the value or the topic"
        return
    asked = "question" if "question" in table else "task"
    # The two questions of 2025 count their prompts apart.
    repeat = ["repeat"] if "repeat" in table and asked == "question" else []
    pair = _codes(table, [*roles.conditions, *_scenario(table), *repeat])
    first = table[asked] == table[asked].iloc[0]
    if not {*level[first]} & {*level[~first]}:
        raise _either(place, name, roles, f"the rows of the two questions differ in {name}")
    stated, chosen = (
        level[rows].groupby(pair[rows]).agg(lambda few: tuple(sorted(few)))
        for rows in (first, ~first)
    )
    both = pd.concat([stated, chosen], axis=1, join="inner")
    differs = (both.iloc[:, 0] != both.iloc[:, 1]).mean() if len(both) else 0.0
    if differs < OFTEN:
        raise _either(place, name, roles, "may tell conditions apart, or describe each answer")
    roles.left_aside[name] = f"differs between the two questions in {differs:.0%} of their pairs"


def _scenario(table: pd.DataFrame) -> list[str]:
    """The columns that tell scenarios apart."""
    return [name for name in ("scenario", "topic", "value") if name in table]


def _decides(one: "pd.Series[int]", other: "pd.Series[int]") -> bool:
    """Whether no level of the one goes with two of the other."""
    return bool((other.groupby(one).nunique() == 1).all())


def _codes(table: pd.DataFrame, names: list[str]) -> "pd.Series[int]":
    if not names:
        return pd.Series(0, index=table.index)
    return table.groupby(names, sort=False, dropna=False).ngroup()


def _either(place: str, name: str, roles: Roles, found: str, right: str = "") -> StudyError:
    known = ",".join(one for one in roles.conditions if one != name)
    return StudyError(
        f"{place}: {name}",
        f"{found}; is it a condition?",
        f"{right}write --conditions {','.join(filter(None, [known, name]))} if it is, "
        f"--conditions {known or chr(34) * 2} if not",
    )
