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

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .errors import StudyError
from .lock import Lock

RESPONSES: dict[str, pa.DataType] = {
    "trial": pa.string(),
    "model": pa.string(),
    "program": pa.string(),
    "format": pa.string(),
    "persona": pa.string(),
    "category": pa.string(),
    "decoding": pa.string(),
    "adapter": pa.string(),
    "scenario": pa.string(),
    "value": pa.string(),
    "topic": pa.string(),
    "question": pa.string(),
    "repeat": pa.int16(),
    "order": pa.list_(pa.int8()),
    "text": pa.string(),
    "reasoning": pa.string(),
    "letter": pa.string(),
    "option": pa.int8(),
    "score": pa.float64(),
    "fields": pa.string(),
    "probabilities": pa.list_(pa.float64()),
    "expected": pa.float64(),
    "valid": pa.bool_(),
    "problem": pa.string(),
    "finish_reason": pa.string(),
    "prompt_tokens": pa.int32(),
    "cached_tokens": pa.int32(),
    "output_tokens": pa.int32(),
    "seconds": pa.float64(),
    "reused": pa.string(),
}
CALLS: dict[str, pa.DataType] = {
    "trials": pa.list_(pa.string()),
    "number": pa.int16(),
    "messages": pa.string(),
    "constraint": pa.string(),
    "max_tokens": pa.int32(),
    "temperature": pa.float64(),
    "top_p": pa.float64(),
    "top_k": pa.int32(),
    "seed": pa.int64(),
    "rollout": pa.int32(),
    "text": pa.string(),
    "finish_reason": pa.string(),
    "prompt_tokens": pa.int32(),
    "cached_tokens": pa.int32(),
    "output_tokens": pa.int32(),
    "seconds": pa.float64(),
}
TRIAL_COLUMNS = ("trial", *[*RESPONSES][[*RESPONSES].index("scenario") :])
"""The columns of responses that are a trial's own; every other tells conditions apart."""
ASKED = ("scenario", "question", "repeat")
"""What a condition is asked once; a folder holds one answer to it."""
KINDS = {"vary": dict, "settings": dict, "decides": dict, "models": dict, "counts": dict}
"""Of what kind a manifest's entries are, where they are."""
PART = re.compile(r"part-(\d{6})-(\d{6})\.parquet")


class RunFolder:
    """One run on disk, held by this process until `close`."""

    def __init__(self, path: Path, factors: Iterable[str]) -> None:
        self.path = path
        self.extra = [name for name in factors if name not in RESPONSES]
        self._identity = [*RESPONSES][: [*RESPONSES].index("scenario")] + self.extra
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
        return tuple(row[name] for name in self._identity)

    def answered(self) -> set[tuple[Any, ...]]:
        """The identities of all rows on disk."""
        return set(self._rows(self._identity))

    def asked(self) -> dict[tuple[Any, ...], str]:
        """The trial of each row on disk, by scenario, question, repeat and condition."""
        names = [*ASKED, *self._identity[1:], "trial"]
        return {row[:-1]: row[-1] for row in self._rows(names)}

    def _rows(self, names: list[str]) -> Iterator[tuple[Any, ...]]:
        for file in (self.path / "responses").glob("*/part-*.parquet"):
            columns = _part(file, names).to_pydict()
            yield from zip(*(columns[name] for name in names), strict=True)

    def counts(self, model: str | None = None) -> dict[str, int]:
        """Answers on disk, of one model or of all: in all, read, unreadable by kind, reused."""
        folder = "*" if model is None else _folder(model)
        tally: Counter[str] = Counter(answers=0, parsed=0, unreadable=0, reused=0)
        for file in (self.path / "responses").glob(f"{folder}/part-*.parquet"):
            table = _part(file, ["valid", "problem", "reused"]).to_pydict()
            tally["answers"] += len(table["valid"])
            tally["parsed"] += sum(table["valid"])
            tally["unreadable"] += len(table["valid"]) - sum(table["valid"])
            tally["reused"] += sum(one is not None for one in table["reused"])
            tally.update(f"unreadable: {kind}" for kind in table["problem"] if kind is not None)
        return dict(tally)

    def write(self, model: str, rows: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
        """Write one part of each table; in place when this returns."""
        name = f"part-{self._next:06d}-{self._next:06d}.parquet"
        self._next += 1
        folder = _folder(model)
        types = RESPONSES | {key: _type_of(rows, key) for key in self.extra}
        if calls:
            self._put(self.path / "calls" / folder / name, calls, CALLS)
        self._put(self.path / "responses" / folder / name, rows, types)

    def problem(self, **content: Any) -> None:
        """Add a line to problems.jsonl."""
        with writing(self.path), (self.path / "problems.jsonl").open("a") as file:
            file.write(json.dumps(content, ensure_ascii=False) + "\n")

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


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of a run folder; None if it has none, StudyError if it cannot be read."""
    file = path / "manifest.json"
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(str(file), f"cannot be read: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("experiment"), str):
        raise StudyError(str(file), "is no manifest of a run")
    for key, kind in KINDS.items():
        if not isinstance(content.get(key, kind()), kind):
            raise StudyError(str(file), f"is no manifest of a run: found {content[key]!r:.60}")
    for key, levels in content.get("vary", {}).items():
        if not isinstance(levels, list):
            raise StudyError(str(file), f"vary.{key} is no list: found {levels!r:.60}")
    return content


def no_links(path: Path) -> None:
    """StudyError if a folder holds a symbolic link: what is written there would land elsewhere."""
    for found in path.rglob("*"):
        if found.is_symlink():
            raise StudyError(
                str(found),
                "is a symbolic link, and a run folder holds none",
                "put what it points to in its place",
            )


def open_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run folder; StudyError if the folder is none, or holds one unreadable."""
    no_links(path)
    found = read_manifest(path)
    if found is None or "vary" not in found:
        raise StudyError(
            str(path),
            "holds no manifest.json of a run: it is not a run folder",
            "name one that `vad run` wrote, such as runs/quickstart",
        )
    return found


def read_table(path: Path, kind: str, columns: list[str] | None = None) -> pd.DataFrame:
    """All rows of "responses" or "calls" of a run folder, all columns or those named.

    Raises StudyError if there are none, a part cannot be read or lacks a column.
    """
    files = sorted((path / kind).glob("*/part-*.parquet"))
    if not files:
        raise StudyError(
            str(path),
            f"holds no {kind}: no run has written there",
            "start one: vad run experiments/quickstart.toml",
        )
    tables = []
    for file in files:
        tables.append(_part(file, columns))
    joined: pd.DataFrame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    return joined


def _part(file: Path, columns: list[str] | None = None) -> pa.Table:
    """One part, all columns or those named; StudyError if it cannot be read or lacks one."""
    try:
        has = pq.read_schema(file).names
        for name in columns or ():
            if name not in has:
                raise StudyError(str(file), f'has no column "{name}"; it has {", ".join(has)}')
        return pq.read_table(file, columns=columns)
    except (OSError, ValueError, pa.ArrowException) as error:
        said = str(error).strip().splitlines()
        raise StudyError(
            str(file), f"cannot be read: {said[0] if said else type(error).__name__}"
        ) from None


def condition_columns(responses: pd.DataFrame) -> list[str]:
    """The columns that tell conditions apart: all that are no trial's own."""
    return [str(name) for name in responses if name not in TRIAL_COLUMNS]


def reusable(runs: Path, apart_from: Path, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Rows of other runs that answer wanted trials, by key, each with the name of its run."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(runs.glob("*/responses/*/part-*.parquet")):
        run = file.parents[2]
        if run.resolve() == apart_from.resolve() or not wanted - set(found):
            continue
        table = _part(file)
        hit = [key in wanted and key not in found for key in table["trial"].to_pylist()]
        for row in table.filter(pa.array(hit)).to_pylist():
            found.setdefault(row["trial"], row | {"reused": row["reused"] or run.name})
    return found


def _folder(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]|^\.", "_", model) or "_"


def _type_of(rows: list[dict[str, Any]], key: str) -> pa.DataType:
    kinds = {type(row[key]) for row in rows if row[key] is not None}
    if kinds <= {int}:
        return pa.int64()
    return pa.float64() if kinds <= {int, float} else pa.string()
