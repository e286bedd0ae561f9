"""Answers of many rows: a DSPy program asked once for each, many at once, gone on with later."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dspy
import pandas as pd
from rich.progress import MofNCompleteColumn, Progress

from ..constraints.adapter import AdapterSettings
from ..constraints.bounds import with_own_bounds
from ..constraints.language import AdapterName
from ..constraints.values import kept
from ..design.programs import Part
from ..design.trials import Conversation
from ..errors import StudyError
from ..study.hashing import digest
from .conversation import hold
from .library import EngineLM
from .session import Session


def answer(
    program: dspy.Module,
    rows: pd.DataFrame | Iterable[Mapping[str, Any]],
    lm: EngineLM,
    *,
    record: str | Path | None = None,
    adapter: AdapterName = "plain",
    show: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Ask a program about each row: the rows, what it answered, and `problem` where it did not.

    rows: the program's inputs by name; further columns are kept. record: a folder; what is answered
    there already is not asked again. show: hears how many are done, of how many; a bar by default.
    An answer is None where the engine gave none in three attempts. Raises ProgramFault, with the
    line, where the program itself breaks.
    """
    frame = rows if isinstance(rows, pd.DataFrame) else None
    given: Any = frame.to_dict("records") if frame is not None else rows
    table = [{str(key): value for key, value in dict(one).items()} for one in given]
    module = with_own_bounds(program)
    state = json.dumps(module.dump_state(), sort_keys=True, default=str)
    names = _inputs(module, table)
    part = Part(module, (), names, {}, type(program).__name__)
    known = _Known(Path(record)) if record is not None else None
    keys = [
        _key(state, lm, adapter, {name: row[name] for name in names}, n)
        for n, row in _numbered(table, names)
    ]
    taken = known.answers if known else {}
    found = {place: taken[key] for place, key in enumerate(keys) if key in taken}

    async def everything() -> None:
        width = asyncio.Semaphore(lm.profile.concurrency)

        async def one(place: int) -> None:
            row = {name: table[place][name] for name in names}
            conversation = Conversation(part, row, (), AdapterSettings(adapter))
            said = ""

            def failed(_: int, why: str) -> None:
                nonlocal said
                said = why

            async with width:
                held = await hold(conversation, lambda: _session(lm, keys[place]), failed)
            got: dict[str, Any] = {"problem": said or None}
            if held is not None:
                got = {name: kept(value) for name, value in (held.fields or {}).items()}
                got["problem"] = held.problem.kind if held.problem else None
                if held.problem:
                    got["text"] = held.problem.text
                for call in held.session.calls:
                    lm.session.heard and lm.session.heard(call)
                if known:
                    known.keep(keys[place], got)
            found[place] = got
            done(len(found), len(table))

        await asyncio.gather(*(one(place) for place in range(len(table)) if place not in found))

    with _bar(len(found), len(table), show) as done:
        lm.wait(everything())
    answered = [row | found[place] for place, row in enumerate(table)]
    return pd.DataFrame(answered, index=frame.index if frame is not None else None)


class _Known:
    """What a folder holds of earlier answers: a line each, appended as they come."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "answers.jsonl"
        self.answers: dict[str, dict[str, Any]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lines = self.path.read_text(encoding="utf-8").split("\n") if self.path.exists() else []
        except OSError as error:
            raise StudyError(str(folder), f"cannot be written: {error.strerror}") from None
        for line in lines:
            try:
                one = json.loads(line)
            except ValueError:  # a process killed while it wrote leaves half a line, the last
                continue
            self.answers[one["key"]] = one["answer"]

    def keep(self, key: str, given: dict[str, Any]) -> None:
        """Append an answer; it is on disk when this returns."""
        with self.path.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"key": key, "answer": given}, ensure_ascii=False) + "\n")


def _session(lm: EngineLM, key: str) -> Session:
    own = lm.session
    return Session(own.engine, key, own.sampling, True, own.model, only_ours=False, loop=lm.loop)


def _key(state: str, lm: EngineLM, adapter: str, row: dict[str, Any], number: int) -> str:
    shown = json.dumps(row, sort_keys=True, default=repr)
    profile = lm.profile.model_dump_json()
    return digest("row", state, profile, adapter, lm.seed, shown, number)


def _numbered(
    table: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> list[tuple[int, Mapping[str, Any]]]:
    """Each row with how many like it stood before: rows alike are several samples."""
    seen: dict[str, int] = {}
    found = []
    for row in table:
        shown = json.dumps([row[name] for name in names], default=repr)
        found.append((seen.setdefault(shown, 0), row))
        seen[shown] += 1
    return found


def _inputs(module: dspy.Module, table: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns that the program takes; StudyError for one that a row lacks."""
    if isinstance(module, dspy.Predict):
        wanted = [*module.signature.input_fields]
    else:
        known = {name for one in module.predictors() for name in one.signature.input_fields}
        wanted = [name for name in (table[0] if table else {}) if name in known]
    for place, row in enumerate(table):
        for name in wanted:
            if name not in row:
                raise StudyError(
                    f"row {place}", f"has no {name}; the program takes {', '.join(wanted)}"
                )
    return tuple(wanted)


@contextmanager
def _bar(
    already: int, total: int, show: Callable[[int, int], None] | None
) -> Iterator[Callable[[int, int], None]]:
    """The function given, or a bar with the time that is left."""
    if show is not None:
        yield show
        return
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn()) as bar:
        task = bar.add_task("answered", total=total, completed=already)
        yield lambda done, _: bar.update(task, completed=done)
