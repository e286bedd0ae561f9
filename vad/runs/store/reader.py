"""Stored: what a run folder holds, read. Its manifest, its tables `responses` and `calls`.

Nothing here writes. A folder may come from somebody else: what is not as a run leaves it is told.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import StudyError
from .journal import Rows, as_table, read_journal
from .parts import largest, list_parts
from .schema import CALLS, RESPONSES

if TYPE_CHECKING:
    import pandas as pd

ENTRY_TYPES = {"vary": dict, "settings": dict, "decides": dict, "models": dict, "counts": dict}
"""Of what kind a manifest's entries are, where they are."""


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
    for key, kind in ENTRY_TYPES.items():
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


def read_table(path: Path, kind: str, columns: list[str] | None = None) -> "pd.DataFrame":
    """All rows of "responses" or "calls" of a run folder, all columns or those named.

    Raises StudyError if there are none, a part cannot be read, lacks a column or does not fit.
    """
    tables = read_parts(path, kind, columns)
    if not tables:
        raise StudyError(
            str(path),
            f"holds no {kind}: no run has written there",
            "start one: vad run experiments/quickstart.toml",
        )
    try:
        joined: pd.DataFrame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    except pa.ArrowException as error:
        raise StudyError(str(path / kind), f"its parts do not fit together: {error}") from None
    if joined.empty:
        raise StudyError(str(path), f"holds no {kind}: its tables have no row")
    return joined


def read_parts(
    path: Path, kind: str, columns: list[str] | None = None, model: str = "*"
) -> list[pa.Table]:
    """Every row of a table once: its parts, and what stands in the journal of a run that was
    killed or still goes on; all, or those of a model's folder.

    Raises StudyError as `read_table`; no file at all is no table.
    """
    while True:
        waiting = list_parts(path, "journal", model)
        journals = [(one, read_journal(one.path, kind)) for one in waiting]
        # Listed after: what has become a part since is read there.
        parts = largest(list_parts(path, kind, model))
        try:
            tables = [read_part(one.path, columns) for one in parts]
        except StudyError:
            if all(one.path.exists() for one in parts):
                raise
            continue  # The run has merged them meanwhile.
        return tables + [
            _journal_table(journal.path, rows, kind, columns)
            for journal, rows in journals
            if rows and not any(part.holds(journal) for part in parts)
        ]


def _journal_table(file: Path, rows: Rows, kind: str, columns: list[str] | None) -> pa.Table:
    types = CALLS if kind == "calls" else RESPONSES
    extra = [name for name in rows[0] if name not in types]
    try:
        table = as_table(rows, kind, extra)
        table = table.select(columns) if columns else table
    except (KeyError, ValueError, TypeError, pa.ArrowException) as error:
        raise StudyError(str(file), f"holds no answers of a run: {error}") from None
    return _never_empty(table, file)


def read_part(file: Path, columns: list[str] | None = None) -> pa.Table:
    """One part, all columns or those named.

    Raises StudyError if it cannot be read, lacks a column or holds another kind of content in one.
    """
    kind = file.parts[-3]
    known = RESPONSES if kind == "responses" else CALLS
    try:
        schema = pq.read_schema(file)
        for name in columns or [name for name, one in known.items() if one.needed]:
            if name not in schema.names:
                has = ", ".join(schema.names)
                raise StudyError(str(file), f'has no column "{name}"; it has {has}')
        for name in set(schema.names) & set(known):
            if not _alike(schema.field(name).type, known[name].type):
                found = f"holds {schema.field(name).type}, where a run has {known[name].type}"
                raise StudyError(f"{file}: {name}", found)
        return _never_empty(pq.read_table(file, columns=columns), file)
    except (OSError, ValueError, pa.ArrowException) as error:
        said = str(error).strip().splitlines()
        raise StudyError(
            str(file), f"cannot be read: {said[0] if said else type(error).__name__}"
        ) from None


def _never_empty(table: pa.Table, file: Path) -> pa.Table:
    never = {name for name, one in RESPONSES.items() if one.never_empty}
    for name in set(table.column_names) & never:
        if table[name].null_count:
            raise StudyError(f"{file}: {name}", "is empty in a row, and never is in a run")
    return table


def _alike(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column holds the kind of content a run writes, however wide."""
    if pa.types.is_null(found):
        return True
    if pa.types.is_list(wanted):
        either = pa.types.is_list(found) or pa.types.is_large_list(found)
        return either and _alike(found.value_type, wanted.value_type)
    number = pa.types.is_integer(wanted) or pa.types.is_floating(wanted)
    if number:
        return bool(pa.types.is_integer(found) or pa.types.is_floating(found))
    if pa.types.is_boolean(wanted):
        return bool(pa.types.is_boolean(found))
    return bool(pa.types.is_string(found) or pa.types.is_large_string(found))


def reusable(runs: Path, apart_from: Path, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Rows of other runs that answer wanted trials, by key, each with the name of its run.

    What told their conditions apart there is left behind: they are of another condition here.
    """
    found: dict[str, dict[str, Any]] = {}
    for run in sorted(one.parent for one in runs.glob("*/responses")):
        if run.resolve() == apart_from.resolve():
            continue
        for table in read_parts(run, "responses") if wanted - set(found) else []:
            hit = [key in wanted and key not in found for key in table["trial"].to_pylist()]
            known = table.select([name for name in table.column_names if name in RESPONSES])
            for row in known.filter(pa.array(hit)).to_pylist():
                found.setdefault(row["trial"], row | {"reused": row["reused"] or run.name})
    return found
