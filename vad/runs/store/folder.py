"""The run folder: responses and calls as Parquet, problems, the manifest; each written whole.

    runs/<experiment>/
      manifest.json                            what was run, on what, with which outcome
      responses/<model>/part-*.parquet         a row a trial
      calls/<model>/part-*.parquet             a row an LM call, the messages exactly as sent
      problems.jsonl                           engine failures, with their trial

A part of calls is renamed into place before its part of responses, so that an answer never stands
without its prompt; a part of calls left without one by a kill is dropped when the run goes on.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...engines.base import encodable
from ...errors import StudyError
from .lock import Lock
from .reader import no_links, read_manifest, read_part
from .schema import ASKED_ONCE, CALLS, RESPONSES, condition_columns, only_known

PART = re.compile(r"part-(\d{6})-(\d{6})\.parquet")


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
            self._tidy()
        self._next = 1 + max((last for _, last in self._parts("responses").values()), default=-1)

    def close(self) -> None:
        """Merge the parts of each model into one, and let the folder go."""
        try:
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

    def write(self, model: str, rows: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
        """Write one part of each table; in place when this returns.

        Raises StudyError for a row with a column that the schema and the run's factors do not know.
        """
        types = {name: one.type for name, one in RESPONSES.items()}
        types |= {name: _type_of(rows, name) for name in self._extra}
        for row in rows:
            only_known(row, types, "responses")
        for call in calls:
            only_known(call, CALLS, "calls")
        name = f"part-{self._next:06d}-{self._next:06d}.parquet"
        self._next += 1
        folder = _folder(model)
        if calls:
            sent = {key: one.type for key, one in CALLS.items()}
            self._put(self.path / "calls" / folder / name, calls, sent)
        self._put(self.path / "responses" / folder / name, rows, types)

    def problem(self, **content: Any) -> None:
        """Add a line to problems.jsonl."""
        with writing(self.path), (self.path / "problems.jsonl").open("a") as file:
            file.write(encodable(json.dumps(content, ensure_ascii=False)) + "\n")

    def _put(self, path: Path, rows: list[dict[str, Any]], types: dict[str, pa.DataType]) -> None:
        table = pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))
        with writing(path) as temporary:
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, temporary, compression="zstd")
            temporary.replace(path)

    def _parts(self, kind: str) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in (self.path / kind).glob("*/part-*.parquet"):
            numbers = PART.fullmatch(path.name)
            if numbers:
                found[path] = (int(numbers[1]), int(numbers[2]))
        return found

    def _tidy(self) -> None:
        """Drop what a kill left behind: half-written files, merged parts, calls without answers."""
        for leftover in self.path.glob("*/*/.part-*.tmp"):
            leftover.unlink()
        for kind in ("calls", "responses"):
            parts = self._parts(kind)
            for path, (first, last) in parts.items():
                if any(
                    a <= first and last <= b and (a, b) != (first, last) and path.parent == p.parent
                    for p, (a, b) in parts.items()
                ):
                    path.unlink()
        kept = [(p.parent.name, numbers) for p, numbers in self._parts("responses").items()]
        for path, (first, last) in self._parts("calls").items():
            if not any(
                path.parent.name == model and a <= last and first <= b for model, (a, b) in kept
            ):
                path.unlink()

    def _merge(self, folder: Path) -> None:
        parts = sorted(folder.glob("part-*.parquet"))
        if len(parts) < 2:
            return
        first, last = (PART.sub(r"\1 \2", part.name).split() for part in (parts[0], parts[-1]))
        merged = folder / f"part-{first[0]}-{last[1]}.parquet"
        with writing(merged) as temporary:
            schemas = [pq.read_schema(part) for part in parts]
            whole = pa.unify_schemas(schemas, promote_options="permissive")
            with pq.ParquetWriter(temporary, whole, compression="zstd") as out:
                for part in parts:
                    _copy(part, out, whole)
            temporary.replace(merged)
        for part in parts:
            part.unlink()


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


def _copy(part: Path, out: pq.ParquetWriter, whole: pa.Schema) -> None:
    """Add a part to a table, a row group at a time, so that memory holds no more than one."""
    with pq.ParquetFile(part) as file:
        for number in range(file.num_row_groups):
            rows = [whole.empty_table(), file.read_row_group(number)]
            out.write_table(pa.concat_tables(rows, promote_options="permissive"))


def _folder(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]|^\.", "_", model) or "_"


def _type_of(rows: list[dict[str, Any]], key: str) -> pa.DataType:
    kinds = {type(row[key]) for row in rows if row[key] is not None}
    if kinds <= {int}:
        return pa.int64()
    if kinds == {bool}:
        return pa.bool_()
    return pa.float64() if kinds <= {int, float} else pa.string()
