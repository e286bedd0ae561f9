"""Layouts: anyone's answers in long format, a row an answer -> rows of one form.

Two are recognised, by their columns; CSV (gzipped too), Parquet, or a run folder.

responses   `question` (value or action), `score` on [-1, 1] or `letter`, and `scenario` or `value`,
            as in a run's responses. With letters alone, A is the strongest agreement or alignment
            and the last letter (F, or as many as `order` has) its opposite; where options were
            shuffled, `order` says of each place the rank of the option that stood there, from 0.
            `repeat` tells repeats apart, `valid` false marks an unreadable answer, `topic` and
            `value` describe the scenario; every other column tells conditions apart.
released    `task` (1 the value, 2 the action), `likert` (1 strongly agree to 4 strongly disagree,
            task 1), `normalized` (0 the agreeing or aligned end, 1 the other), `country`, `topic`,
            `value`, `prompt_index`: as answers of the 2025 publication come. A likert outside 1 to
            4 is missing, as published; the rest of its columns tells conditions apart.

A row without an answer is an unreadable one; a row that is not there, while other scenarios of its
condition have that repeat, is missing too. In a name (persona, scenario, value, ...) NA and None
are names; as a letter, a number or `valid` they, and what is like them, are missing.
"""

import re
from difflib import get_close_matches
from string import ascii_uppercase as ALPHABET
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import StudyError, unknown
from ..study.questions import QUESTIONS
from ..study.scale import equally_spaced
from .scales import PUBLISHED_LETTERS, Scale, Scales

RELEASED = ("task", "likert", "normalized", "country", "topic", "value", "prompt_index")
RELEASED_TRIAL = frozenset({*RELEASED, "normalized_lenient", "raw_answer", "status", "source"})
RELEASED_TRIAL -= {"country"}

MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "."}
"""What programs write, in small or capital letters, where an answer is missing."""


def from_responses(table: pd.DataFrame, scales: Scales, place: str) -> pd.DataFrame:
    """Rows of the layout `responses`; StudyError names what is wrong and where.

    scales: what letters or numbers stand for where the layout's own do not.
    """
    for either in (("score", "letter"), ("scenario", "value")):
        if not {*either} & {*table}:
            raise _lacks(place, either, table)
    if "score" not in table and "option" in table:
        right = "the number of an option tells no rank; give `score`"
        raise StudyError(place, "has `option` but no `score`", right)
    _known(table["question"], QUESTIONS, f"{place}: question", "question")
    valid = _valid(table, place)
    rows = pd.DataFrame({"question": table["question"], "repeat": 0.0})
    if "repeat" in table:
        rows["repeat"] = numbers(table, "repeat", place)
    rows["options"] = PUBLISHED_LETTERS
    order = _orders(table, place) if "order" in table else None
    if order is not None:
        rows["options"] = (order >= 0).sum(axis=1)
    if "score" in table:
        rows["score"] = _scores(table, scales, place).where(valid)
    if "letter" in table:
        rows["letter"] = given_letters(table).where(valid)
        _place_letters(rows, table, scales, place)
    if order is not None and "option" in table:
        option = numbers(table, "option", place).where(valid).to_numpy()
        stood = order == option[:, None]
        rows["position"] = np.where(stood.any(axis=1), stood.argmax(axis=1), np.nan)
    if "score" not in table:
        rank = rows["position"].to_numpy()
        if order is not None:
            at = np.nan_to_num(rank).astype(np.intp)
            rank = np.where(np.isnan(rank), np.nan, order[np.arange(len(order)), at])
        rows["score"] = equally_spaced(rank, rows["options"].to_numpy())
        for name, scale in scales.items():
            of_question = rows["question"] == name
            rows.loc[of_question, "score"] = scale.scored(rows["position"][of_question])
    return rows


def _scores(table: pd.DataFrame, scales: Scales, place: str) -> "pd.Series[float]":
    """The numbers of the column `score` on [-1, 1]."""
    score = numbers(table, "score", place)
    for name, scale in scales.items():
        if scale.lettered:
            found = f"{scale} is one of letters; the file's answers are numbers, in `score`"
            raise StudyError(f"--scale {name}={scale}", found, "give its ends as numbers: 1..0")
        of_question = table["question"] == name
        score[of_question] = scale.scored(score[of_question]).round(9)
    own = score.abs() > 1
    for name, scale in scales.items():
        mine = own & (table["question"] == name)
        _refuse(mine, table, "score", place, f"--scale: the {name} question's runs {scale}")
    right = "scores run from -1 to 1; where 1 is the strongest agreement and 5 its opposite, write"
    _refuse(own, table, "score", place, f"{right} --scale 1..5")
    return score


def refuse_off_order(rows: pd.DataFrame, table: pd.DataFrame, place: str) -> None:
    """Refuse scores that are none of the options that the column `order` counts."""
    step = (1 - rows["score"]) / 2 * (rows["options"] - 1)
    off = (step - step.round()).abs() > 1e-4
    right = "`order` counts the options, from 1 to -1 equally spaced: of three 1, 0, -1"
    _refuse(off, table, "score", place, right)


def given_letters(table: pd.DataFrame) -> "pd.Series[str]":
    """The column `letter`, missing where nothing was chosen."""
    letters = table["letter"].map(lambda one: one.strip() if isinstance(one, str) else one)
    return letters.where(~_missing(letters))


def _place_letters(rows: pd.DataFrame, table: pd.DataFrame, scales: Scales, place: str) -> None:
    """Give rows the position of their letter; one beyond the options was never offered."""
    position = rows["letter"].map({one: at for at, one in enumerate(ALPHABET)}).astype(float)
    beyond = rows["letter"].notna() & ~(position < rows["options"])
    if "score" in rows:
        # A study may offer other labels than letters; with a score beside them nothing rests on
        # them.
        beyond &= position.notna() & (not scales)
    else:
        for name, scale in scales.items():
            of_question = rows["question"] == name
            rows.loc[of_question, "options"] = scale.options if scale.lettered else 0
            beyond[of_question] = _outside(rows, position, scale, table, place)[of_question]
            right = f"--scale: letters of the {name} question run {scale}"
            _refuse(beyond & of_question, table, "letter", place, right)
    last = ALPHABET[int(rows["options"].max()) - 1]
    right = f"letters run from A to {last}; of another scale, write --scale, as --scale A..G"
    _refuse(beyond, table, "letter", place, right)
    rows["position"] = position


def _outside(
    rows: pd.DataFrame, position: "pd.Series[float]", scale: Scale, table: pd.DataFrame, place: str
) -> "pd.Series[bool]":
    if "order" in table:
        found = "the file has a column `order`, which tells how many options there were"
        raise StudyError(f"{place}: --scale {scale}", found, "leave one of the two out")
    if not scale.lettered:
        found = f"{scale} is one of numbers; the file's answers are letters"
        raise StudyError(f"{place}: --scale", found, "give its ends as letters: A..D")
    return rows["letter"].notna() & ~(scale.scored(position).abs() <= 1)


def from_released(table: pd.DataFrame, place: str) -> pd.DataFrame:
    """Rows of the layout `released`; StudyError names what is wrong and where."""
    for name in RELEASED:
        if name not in table:
            raise _lacks(place, (name,), table)
    task = numbers(table, "task", place)
    _refuse(~task.isin([1, 2]), table, "task", place, "1 is the value question, 2 the action")
    likert, end = (numbers(table, name, place) for name in ("likert", "normalized"))
    stated = (task == 1) & likert.between(1, 4)
    whole = (likert % 1 == 0) | likert.isna()
    _refuse((task == 1) & ~whole, table, "likert", place, "1 strongly agree to 4 strongly disagree")
    mixed = stated & ((end - (likert - 1) / 3).abs() > 1e-6)
    _refuse(mixed, table, "normalized", place, "mixed scales: of a likert it is (likert - 1) / 3")
    ends = ~(end.isin([0, 1]) | end.isna())
    _refuse((task == 2) & ends, table, "normalized", place, "task 2 has 0, aligned, and 1, opposed")
    given, ended = (np.asarray(one, dtype=np.float64) for one in (likert.where(stated), end))
    score = np.where(task == 1, equally_spaced(given - 1, 4), equally_spaced(ended, 2))
    return pd.DataFrame(
        {
            "question": np.where(task == 1, *QUESTIONS),
            "repeat": numbers(table, "prompt_index", place),
            "options": np.where(task == 1, 4, 2),
            "score": score,
        }
    )


def _orders(table: pd.DataFrame, place: str) -> NDArray[np.intp]:
    """[rows, options] of the column `order`, -1 beyond a row's own options."""
    codes, different = pd.factorize(table["order"].map(_hashable), use_na_sentinel=False)
    orders = [
        [int(one) for one in re.findall(r"\d+", order)] if isinstance(order, str) else [*order]
        for order in different
    ]
    bad = [len(order) < 2 or sorted(order) != [*range(len(order))] for order in orders]
    is_bad = pd.Series(np.array(bad)[codes], index=table.index)
    _refuse(is_bad, table, "order", place, "it lists each option once, from 0: [2, 0, 1]")
    width = max(map(len, orders))
    padded = [order + [-1] * (width - len(order)) for order in orders]
    return np.array(padded, dtype=np.intp)[codes]


def _hashable(order: object) -> str | tuple[int, ...]:
    return tuple(order.tolist()) if isinstance(order, np.ndarray) else str(order)


def _valid(table: pd.DataFrame, place: str) -> "pd.Series[bool]":
    """Which rows hold an answer: those whose `valid` says so; all where there is none."""
    if "valid" not in table:
        return pd.Series(True, index=table.index)
    said = table["valid"].astype(str).str.strip().str.lower().str.removesuffix(".0")
    said = said.replace({"1": "true", "0": "false"}).where(~_missing(table["valid"]), "false")
    _refuse(~said.isin(["true", "false"]), table, "valid", place, "it is true or false")
    return said == "true"


def numbers(table: pd.DataFrame, column: str, place: str) -> "pd.Series[float]":
    """A column's numbers, decimal points or commas; NaN where missing, refused where none."""
    found = table[column]
    if pd.api.types.is_numeric_dtype(found):
        return found.astype(float)
    texts = found.where(~_missing(found)).map(_pointed, na_action="ignore")
    parsed = pd.to_numeric(texts, errors="coerce").astype(float)
    _refuse(parsed.isna() & texts.notna(), table, column, place, "it holds numbers")
    return parsed


def _pointed(text: object) -> object:
    """A number as Python writes it: of a decimal comma a point, of a minus sign a hyphen."""
    if not isinstance(text, str):
        return text
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    return re.sub(r"^([+-]?\d*),(\d+)$", r"\1.\2", text)


def _missing(column: "pd.Series[Any]") -> "pd.Series[bool]":
    if pd.api.types.is_numeric_dtype(column):
        return column.isna()
    different = {one: str(one).strip().lower() in MISSING for one in column.dropna().unique()}
    return column.isna() | column.map(different).eq(True)


def _refuse(
    bad: "pd.Series[bool]", table: pd.DataFrame, column: str, place: str, right: str
) -> None:
    if bad.any():
        row = int(bad.to_numpy().argmax())
        found = table[column][row]
        found = f"{found:.6g}" if isinstance(found, float) else found
        count = f"; {int(bad.sum())} rows are so" if bad.sum() > 1 else ""
        raise StudyError(f"{place}: {column}, row {row + 1}", f"found {found!s}{count}", right)


def _known(column: "pd.Series[str]", names: tuple[str, ...], where: str, noun: str) -> None:
    strange = ~column.isin(names)
    if strange.any():
        row = int(strange.to_numpy().argmax())
        raise unknown(f"{where}, row {row + 1}", noun, str(column[row]), "there are", names)


def _lacks(place: str, either: tuple[str, ...], table: pd.DataFrame) -> StudyError:
    names = [str(name) for name in table]
    lines = [f"lacks the column {' or '.join(f'`{name}`' for name in either)}"]
    near = [hit for name in either for hit in get_close_matches(name, names, n=1, cutoff=0.6)]
    lines.append(f"it has {', '.join(names)}" + (f"; is `{near[0]}` meant?" if near else ""))
    return StudyError(place, *lines)
