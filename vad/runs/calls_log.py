"""Calls log: the calls of the library, kept as Parquet as they come."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import StudyError
from .session import RecordedCall

FLUSH_CALLS, FLUSH_SECONDS = 500, 2.0
"""A part is written after so many calls, or so long after the last."""


class CallsLog:
    """A folder of parts `calls/part-*.parquet`, a row an LM call, from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "calls"
        self._rows: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._written = time.monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudyError(str(folder), f"cannot be written: {error.strerror}") from None
        self._number = len(list(self.folder.glob("part-*.parquet")))

    def add(self, one: RecordedCall) -> None:
        """Keep a call; a part is written now and then."""
        row = {
            "messages": json.dumps(one.call.messages, ensure_ascii=False),
            "constraint": one.call.regex,
            "max_tokens": one.call.max_tokens,
            "temperature": one.call.temperature,
            "top_p": one.call.top_p,
            "top_k": one.call.top_k,
            "seed": one.call.seed,
            "text": one.reply.text,
            "finish_reason": one.reply.finish_reason,
            "prompt_tokens": one.reply.prompt_tokens,
            "output_tokens": one.reply.output_tokens,
            "seconds": one.seconds,
        }
        with self._lock:
            self._rows.append(row)
            late = time.monotonic() - self._written > FLUSH_SECONDS
            if late or len(self._rows) >= FLUSH_CALLS:
                self._flush()

    def close(self) -> None:
        """Write what waits."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        self._written = time.monotonic()
        if not self._rows:
            return
        path = self.folder / f"part-{self._number:05}.parquet"
        half = path.with_suffix(".half")
        pq.write_table(pa.Table.from_pylist(self._rows), half)
        half.rename(path)
        self._number += 1
        self._rows = []
