"""Schema: the columns of a run's two tables, and what each of them is.

    key         what a row is looked up by: its trial, and what a condition is asked once
    condition   what tells conditions apart; so does the column of every setting that a run varied,
                which the run's manifest names
    trial       what a trial was about, how it was asked and what came of it
    cost        what it took

Whoever asks what a column is asks here. One that stands neither here nor in the manifest is refused
when a row is written, and is no condition when it is read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from ...design.columns import NAMED, column
from ...errors import StudyError

Role = Literal["key", "condition", "trial", "cost"]


@dataclass(frozen=True)
class Column:
    """One column: its role, its type in Parquet, what it is called and its unit.

    needed: every part has it. never_empty: every row has it.
    """

    role: Role
    type: pa.DataType
    title: str
    unit: str = ""
    needed: bool = False
    never_empty: bool = False


def _key(kind: pa.DataType, title: str) -> Column:
    return Column("key", kind, title, needed=True, never_empty=True)


def _condition(title: str) -> Column:
    return Column("condition", pa.string(), title, needed=True)


SCORE_UNIT = "-1 to 1"

RESPONSES: dict[str, Column] = {
    "trial": _key(pa.string(), "trial"),
    "model": _condition("model"),
    "program": _condition("program"),
    "format": _condition("format"),
    "persona": _condition("persona"),
    "category": _condition("category"),
    "decoding": _condition("decoding"),
    "adapter": _condition("adapter"),
    "scenario": _key(pa.string(), "scenario"),
    "value": Column("trial", pa.string(), "value", needed=True),
    "topic": Column("trial", pa.string(), "topic", needed=True),
    "question": _key(pa.string(), "question"),
    "repeat": _key(pa.int16(), "repeat"),
    "order": Column("trial", pa.list_(pa.int8()), "order of the options", "options from 0"),
    "text": Column("trial", pa.string(), "raw answer", needed=True),
    "reasoning": Column("trial", pa.string(), "reasoning"),
    "letter": Column("trial", pa.string(), "letter"),
    "option": Column("trial", pa.int8(), "option", "options from 0"),
    "score": Column("trial", pa.float64(), "score", SCORE_UNIT, needed=True),
    "fields": Column("trial", pa.string(), "other fields", "JSON"),
    "probabilities": Column("trial", pa.list_(pa.float64()), "probabilities", "share"),
    "expected": Column("trial", pa.float64(), "expected score", SCORE_UNIT),
    "valid": Column("trial", pa.bool_(), "readable", needed=True, never_empty=True),
    "problem": Column("trial", pa.string(), "problem", needed=True),
    "lenient_letter": Column("trial", pa.string(), "letter, read leniently"),
    "lenient_option": Column("trial", pa.int8(), "option, read leniently", "options from 0"),
    "lenient_score": Column("trial", pa.float64(), "score, read leniently", SCORE_UNIT),
    "finish_reason": Column("trial", pa.string(), "why the answer ended"),
    "prompt_tokens": Column("cost", pa.int32(), "prompt tokens", "tokens"),
    "cached_tokens": Column("cost", pa.int32(), "cached tokens", "tokens"),
    "output_tokens": Column("cost", pa.int32(), "output tokens", "tokens"),
    "seconds": Column("cost", pa.float64(), "seconds", "s"),
    "reused": Column("trial", pa.string(), "run it was taken over from"),
}


def _sent(kind: pa.DataType, title: str, unit: str = "") -> Column:
    return Column("trial", kind, title, unit, needed=True)


def _spent(kind: pa.DataType, title: str, unit: str = "tokens") -> Column:
    return Column("cost", kind, title, unit, needed=True)


CALLS: dict[str, Column] = {
    "trials": Column("key", pa.list_(pa.string()), "trials", needed=True),
    "number": Column("key", pa.int16(), "number in its conversation", needed=True),
    "messages": _sent(pa.string(), "messages as sent", "JSON"),
    "constraint": _sent(pa.string(), "constraint", "regular expression"),
    "max_tokens": _sent(pa.int32(), "token budget", "tokens"),
    "temperature": _sent(pa.float64(), "temperature"),
    "top_p": _sent(pa.float64(), "top_p"),
    "top_k": _sent(pa.int32(), "top_k"),
    "seed": _sent(pa.int64(), "seed"),
    "rollout": _sent(pa.int32(), "rollout"),
    "text": _sent(pa.string(), "raw answer"),
    "finish_reason": _sent(pa.string(), "why the answer ended"),
    "prompt_tokens": _spent(pa.int32(), "prompt tokens"),
    "cached_tokens": _spent(pa.int32(), "cached tokens"),
    "unseen_tokens": _spent(pa.int32(), "tokens that no call before had"),
    "output_tokens": _spent(pa.int32(), "output tokens"),
    "seconds": _spent(pa.float64(), "seconds", "s"),
}

ASKED_ONCE = ("scenario", "question", "repeat")
"""The keys of what a condition is asked once; a folder holds one answer to it."""


def in_role(role: Role) -> list[str]:
    """The columns of responses that have a role."""
    return [name for name, one in RESPONSES.items() if one.role == role]


def condition_columns(varied: Iterable[str]) -> list[str]:
    """The columns that tell a run's conditions apart: those of every run, and what it varied.

    varied: the settings that the run's manifest, or its experiment, says it varied.
    Raises StudyError for one whose column would be another of responses.
    """
    extra = [column(setting) for setting in varied if setting not in NAMED]
    for name in extra:
        if name in RESPONSES and RESPONSES[name].role != "condition":
            raise StudyError(
                f"vary.{name}", f"a run has a column `{name}` already: {RESPONSES[name].title}"
            )
    return list(dict.fromkeys([*in_role("condition"), *extra]))


def only_known(row: Mapping[str, Any], known: Iterable[str], table: str) -> None:
    """StudyError if a row has a column that its table does not know: no role, no type, no title."""
    strange = [name for name in row if name not in known]
    if strange:
        raise StudyError(
            f"{table}: {strange[0]}",
            "is no column of a run: nothing says whether it tells conditions apart",
            "give it a role in vad/runs/store/schema.py",
        )
