"""The run folder: responses and calls as Parquet, problems, the manifest; each written whole.

    runs/<experiment>/
      manifest.json                            what was run, on what, with which outcome
      responses/<model>/part-*.parquet         a row a trial
      calls/<model>/part-*.parquet             a row an LM call, the messages exactly as sent
      journal/<model>/part-*.jsonl             both, of answers that are in no part yet
      problems.jsonl                           engine failures, with their trial

A part of calls is renamed into place before its part of responses, so that an answer never stands
without its prompt; a part of calls left without one by a kill is dropped when the run goes on, and
what a journal holds becomes the parts it was to be.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...engines.base import encodable
from ...errors import StudyError
from .journal import Journal, as_table, read_journal
from .lock import Lock
from .parts import largest, list_parts, part_name, sync
from .reader import no_links, read_manifest, read_part, read_parts
from .schema import ASKED_ONCE, CALLS, RESPONSES, condition_columns, only_known

PART_ROWS = 2000
"""Rows that become a part: as many as a journal holds, and memory."""

MOST_PARTS = 24
"""Parts of a model before they are merged into one."""


class RunFolder:
    """One run on disk, held by this process until `close`.

    varied: the settings that its experiment varies; each has a column.
    """

    def __init__(self, path: Path, varied: Iterable[str]) -> None:
        self.path = path
        self.conditions = condition_columns(varied)
        self._extra = [name for name in self.conditions if name not in RESPONSES]
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
            no_links(path)
            self.lock = Lock(path)
        self._journal: Journal | None = None
        self._settling: Future[None] | None = None
        self._writer = ThreadPoolExecutor(1, "vad-parts")
        try:
            self._tidy()
        except StudyError:
            self.lock.release()
            raise
        last = max((part.last for part in list_parts(path, "responses")), default=-1)
        self._next = last + 1

    def close(self) -> None:
        """Merge the parts of each model into one, and let the folder go; `flush` comes before."""
        try:
            if self._journal:
                self._journal.close()
            self._writer.shutdown()
            for kind in ("calls", "responses"):
                for folder in sorted((self.path / kind).glob("*")):
                    self._merge(folder)
        finally:
            self.lock.release()

    @property
    def manifest(self) -> dict[str, Any] | None:
        """The manifest on disk; None before there is one.

        Raises StudyError if it cannot be read.
        """
        return read_manifest(self.path)

    def write_manifest(self, content: dict[str, Any]) -> None:
        """Write the manifest whole."""
        with writing(self.path / "manifest.json") as temporary:
            temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
            temporary.replace(self.path / "manifest.json")

    def identity(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """What makes a row the only one of its kind: its trial and its condition."""
        return tuple(row[name] for name in ("trial", *self.conditions))

    def answered(self) -> set[tuple[Any, ...]]:
        """The identities of all rows on disk."""
        return set(self._rows(["trial", *self.conditions]))

    def asked(self) -> dict[tuple[Any, ...], str]:
        """The trial of each row on disk, by what its condition is asked once: `asked_once`."""
        rows = self._rows(["trial", *ASKED_ONCE, *self.conditions])
        return {once: trial for trial, *rest in rows for once in [tuple(rest)]}

    def asked_once(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """What a folder holds one answer to: scenario, question, repeat and condition of a row."""
        return tuple(row[name] for name in (*ASKED_ONCE, *self.conditions))

    def _rows(self, names: list[str]) -> Iterator[tuple[Any, ...]]:
        for file in (self.path / "responses").glob("*/part-*.parquet"):
            columns = read_part(file, names).to_pydict()
            yield from zip(*(columns[name] for name in names), strict=True)

    def counts(self, model: str | None = None) -> dict[str, int]:
        """Answers on disk, of one model or of all: in all, read, unreadable by kind, reused."""
        folder = "*" if model is None else _folder(model)
        tally: Counter[str] = Counter(answers=0, parsed=0, unreadable=0, reused=0)
        for file in (self.path / "responses").glob(f"{folder}/part-*.parquet"):
            table = read_part(file, ["valid", "problem", "reused"]).to_pydict()
            tally["answers"] += len(table["valid"])
            tally["parsed"] += sum(table["valid"])
            tally["unreadable"] += len(table["valid"]) - sum(table["valid"])
            tally["reused"] += sum(one is not None for one in table["reused"])
            tally.update(f"unreadable: {kind}" for kind in table["problem"] if kind is not None)
        return dict(tally)

    def add(self, model: str, rows: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
        """Keep what came of a conversation: with the system when this returns, in a part later.

        Raises StudyError for a row with a column that the schema and the run's factors do not know.
        """
        for row in rows:
            only_known(row, {*RESPONSES, *self._extra}, "responses")
        for call in calls:
            only_known(call, CALLS, "calls")
        if self._journal and self._journal.model != model:
            self.flush()
        place = self.path / "journal" / _folder(model)
        with writing(place):
            if not self._journal:
                name = part_name(self._next, self._next, "jsonl")
                self._journal = Journal(place / name, model, self._next)
                self._next += 1
            self._journal.add(rows, calls)
        if len(self._journal.rows) >= PART_ROWS:
            self._hand_over()

    def flush(self) -> None:
        """Have the journal become a part of each table; in place when this returns."""
        if self._journal:
            self._hand_over()
        if self._settling:
            settling, self._settling = self._settling, None
            settling.result()

    def _hand_over(self) -> None:
        """Let the writer make parts of the journal, the one before done; the next answer begins
        another. Meanwhile answers are kept: a disk may take its time."""
        if self._settling:
            settling, self._settling = self._settling, None
            settling.result()
        assert self._journal
        self._settling = self._writer.submit(self._settle, self._journal)
        self._journal = None

    def _settle(self, journal: Journal) -> None:
        journal.close()
        model = _folder(journal.model)
        for kind, rows in (("calls", journal.calls), ("responses", journal.rows)):
            self._put(kind, model, journal.number, rows)
        journal.path.unlink()
        for kind in ("calls", "responses"):
            folder = self.path / kind / model
            if len([*folder.glob("part-*.parquet")]) > MOST_PARTS:
                self._merge(folder)

    def take(self, other: Path) -> None:
        """Add all that another run's folder holds."""
        kinds = ("responses", "journal")
        for model in sorted({one.model for kind in kinds for one in list_parts(other, kind)}):
            for kind in ("calls", "responses"):
                tables = read_parts(other, kind, model=model)
                if tables:
                    whole = pa.concat_tables(tables, promote_options="permissive")
                    self._place(kind, model, self._next, whole)
            self._next += 1

    def problem(self, **content: Any) -> None:
        """Add a line to problems.jsonl."""
        with writing(self.path), (self.path / "problems.jsonl").open("a") as file:
            file.write(encodable(json.dumps(content, ensure_ascii=False)) + "\n")

    def _put(self, kind: str, model: str, number: int, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._place(kind, model, number, as_table(rows, kind, self._extra))

    def _place(self, kind: str, model: str, number: int, table: pa.Table) -> None:
        path = self.path / kind / model / part_name(number, number, "parquet")
        with writing(path) as temporary:
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, temporary, compression="zstd")
            _rename(temporary, path)

    def _tidy(self) -> None:
        """Drop what a kill left behind (half-written files, merged parts, calls without answers),
        and have what a journal holds become parts."""
        for leftover in self.path.glob("*/*/.part-*.tmp"):
            leftover.unlink()
        for kind in ("calls", "responses"):
            parts = list_parts(self.path, kind)
            kept = largest(parts)
            for part in parts:
                if part not in kept:
                    part.path.unlink()
        answers = list_parts(self.path, "responses")
        for part in list_parts(self.path, "calls"):
            if not any(one.meets(part) for one in answers):
                part.path.unlink()
        for journal in list_parts(self.path, "journal"):
            for kind in ("calls", "responses"):
                if not any(part.holds(journal) for part in list_parts(self.path, kind)):
                    self._put(kind, journal.model, journal.first, read_journal(journal.path, kind))
            journal.path.unlink()

    def _merge(self, folder: Path) -> None:
        """Make one part of a model's parts; a row group at a time, so memory holds no more."""
        kind = folder.parent.name
        parts = [one for one in list_parts(self.path, kind) if one.model == folder.name]
        if len(parts) < 2:
            return
        merged = folder / part_name(parts[0].first, parts[-1].last, "parquet")
        with writing(merged) as temporary:
            schemas = [pq.read_schema(part.path) for part in parts]
            whole = pa.unify_schemas(schemas, promote_options="permissive")
            with pq.ParquetWriter(temporary, whole, compression="zstd") as out:
                for part in parts:
                    _copy(part.path, out, whole)
            _rename(temporary, merged)
        for part in parts:
            part.path.unlink()


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write it first; nothing is left there if that fails.

    Raises StudyError, with the system's reason, for what cannot be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        yield temporary
    except (OSError, pa.ArrowException) as error:
        temporary.unlink(missing_ok=True)
        reason = getattr(error, "errno", None)
        raise StudyError(
            str(path),
            f"cannot be written: {os.strerror(reason) if reason else error}",
            "all that was written before stays; free the place and give the same command again, "
            "or name another place with --runs DIR",
        ) from None


def _rename(temporary: Path, path: Path) -> None:
    """Put a file in its place, once all of it is on the disk."""
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def _copy(part: Path, out: pq.ParquetWriter, whole: pa.Schema) -> None:
    """Add a part to a table, a row group at a time, so that memory holds no more than one."""
    with pq.ParquetFile(part) as file:
        for number in range(file.num_row_groups):
            rows = [whole.empty_table(), file.read_row_group(number)]
            out.write_table(pa.concat_tables(rows, promote_options="permissive"))


def _folder(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]|^\.", "_", model) or "_"
