"""The journal: answers on disk as they come, until there are enough of them for a part.

A line of JSON is what came of one conversation, its rows of `responses` and of `calls`: both are
there or neither. It is with the system at once, which keeps it whatever becomes of this process,
and on the disk itself a moment later. A kill may tear the last line, which then never was.

A journal bears the number of the part that it will be. Where that is in place, it says nothing new.
"""

import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...errors import StudyError
from .parts import sync
from .schema import CALLS, RESPONSES

SYNC_SECONDS = 0.2
"""How long an answer may wait for the disk itself, which takes a while each time."""

Rows = list[dict[str, Any]]


class Journal:
    """Rows of one model that are in no part yet, in memory and on disk."""

    def __init__(self, path: Path, model: str, number: int) -> None:
        self.path, self.model, self.number = path, model, number
        self.rows: Rows = []
        self.calls: Rows = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._size = 0
        self._open = threading.Lock()
        self._later: threading.Timer | None = None
        self._failed: OSError | None = None

    def add(self, rows: Rows, calls: Rows) -> None:
        """Keep what came of a conversation; OSError if it cannot be written, or was not before."""
        self.rows += rows
        self.calls += calls
        line = (json.dumps({"responses": rows, "calls": calls}) + "\n").encode()
        written = 0
        try:
            if self._failed:
                raise self._failed
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)
        if self._later is None:
            self._later = threading.Timer(SYNC_SECONDS, self._sync)
            self._later.daemon = True
            self._later.start()

    def close(self) -> None:
        """Write no more to it; its file stays."""
        with self._open:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _sync(self) -> None:
        self._later = None
        with self._open:
            if self._file >= 0:
                try:
                    os.fsync(self._file)
                    sync(self.path.parent)
                except OSError as error:
                    self._failed = error


def read_journal(file: Path, kind: str) -> Rows:
    """The rows of "responses" or "calls" in a journal; none where it has become a part meanwhile.

    Raises StudyError for a line that no run has written.
    """
    try:
        lines = file.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StudyError(str(file), f"cannot be read: {error.strerror}") from None
    rows: Rows = []
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)[kind]
            if not all(isinstance(row, dict) for row in found):
                raise TypeError("a row is no object")
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise StudyError(f"{file}: line {number}", f"is no answer of a run: {error}") from None
        rows += found
    return rows


def as_table(rows: Rows, kind: str, extra: Iterable[str]) -> pa.Table:
    """Rows of "responses" or "calls" as their part has them; `extra`: columns of this run alone.

    Raises pyarrow's ArrowException for content that does not fit.
    """
    known = CALLS if kind == "calls" else RESPONSES
    types = {name: one.type for name, one in known.items()}
    if kind == "responses":
        types |= {name: _type_of(rows, name) for name in extra}
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))


def _type_of(rows: Rows, key: str) -> pa.DataType:
    kinds = {type(row[key]) for row in rows if row[key] is not None}
    if kinds <= {int}:
        return pa.int64()
    if kinds == {bool}:
        return pa.bool_()
    return pa.float64() if kinds <= {int, float} else pa.string()
