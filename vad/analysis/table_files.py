"""Table files: anyone's table of answers, whatever program wrote it -> columns of texts.

CSV with commas, semicolons, tabs or bars; UTF-8, UTF-16, UTF-32 or Windows-1252; JSON, JSON Lines,
Excel, Parquet; each of them compressed too. What a file is, its bytes tell, not its name.

A cell is a text as it stands there, None where there is none. Nothing is taken for a number here:
a scenario called 001 and one called 1 are two, and a country called NA is one.
"""

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import StudyError

PACKED: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
}
BROKEN = (zlib.error, lzma.LZMAError, zipfile.BadZipFile)
ENCODINGS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""By the mark a text begins with; UTF-32 stands first, as its mark begins with that of UTF-16."""

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
TOLD_BY = ("question", "task")
"""The column that each layout has: where a header holds one, its separator is known."""

NESTED = (list, tuple, dict, set)
INDEX = ("", "index", "Unnamed: 0", "__index_level_0__")
"""What a data frame's own row numbers are called where they were written with it."""


@dataclass(frozen=True)
class TableFile:
    """A table and what there is to say of how it was read.

    kind: format, separator and encoding, in words. left_aside: columns that hold no cells of their
    own kind, each with the reason. dropped: rows that were none, by reason.
    """

    table: pd.DataFrame
    kind: str
    left_aside: dict[str, str]
    dropped: dict[str, int]


def read_table_file(path: Path) -> TableFile:
    """The table of a file; StudyError says what the file is instead, and what to do."""
    place = str(path)
    try:
        content = path.read_bytes()
        return _unpacked(content, place)
    except FileNotFoundError:
        raise StudyError(place, "no such file or run folder") from None
    except (OSError, EOFError, ValueError, RuntimeError, *BROKEN) as error:
        raise _unreadable(place, str(error)) from None


def _unpacked(content: bytes, place: str) -> TableFile:
    for mark, unpack in PACKED.items():
        if content.startswith(mark):
            return _unpacked(unpack(content), place)
    if content.startswith(b"PAR1"):
        return _parquet(content, place)
    if content.startswith(b"PK\x03\x04"):
        return _zipped(content, place)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        found = "is an Excel workbook of the old kind (.xls), or one with a password"
        raise StudyError(place, found, "save it as .xlsx or CSV, without a password")
    text, encoding = _decoded(content, place)
    if text.lstrip()[:1] in ("{", "["):
        return _json(text, encoding, place)
    return _csv(text, encoding, place)


def _decoded(content: bytes, place: str) -> tuple[str, str]:
    """A file's text and its encoding in words; a byte order mark is no text, wherever it stands."""
    marked = (kind for mark, kind in ENCODINGS.items() if content.startswith(mark))
    encoding = next(marked, "")
    if not encoding and 0 in content[:2]:
        encoding = "utf-16-be" if content[0] == 0 else "utf-16-le"
    tried = (encoding,) if encoding else ("utf-8", "cp1252")
    if not encoding:
        content = content.replace(codecs.BOM_UTF8, b"")
    for name in tried:
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            said = {"utf-8": "UTF-8", "cp1252": "Windows-1252"}.get(name, name[:6].upper())
            return text.replace("\ufeff", ""), said
    raise _unreadable(place, "it is no text in UTF-8, UTF-16 or Windows-1252")


def _csv(text: str, encoding: str, place: str) -> TableFile:
    told = None
    first, _, rest = text.lstrip("\r\n").partition("\n")
    if first[:4].lower() == "sep=" and first[4:].rstrip("\r"):
        told, text = first[4], rest
    separator = told or _separator(text)
    csv.field_size_limit(2**31 - 1)  # A raw answer may be longer than the 128 KiB of its default.
    lines = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    rows, dropped = [], {"blank rows": 0}
    try:
        for row in lines:
            if any(cell.strip() for cell in row):
                rows.append(row)
            else:
                dropped["blank rows"] += 1
    except csv.Error as error:
        raise _unreadable(place, f"line {lines.line_num}: {error}") from None
    kind = f"CSV with {SEPARATORS.get(separator, repr(separator))}, {encoding}"
    if not rows:
        return TableFile(pd.DataFrame(), kind, {}, {})
    return _table(rows[0], _as_wide(rows, place), kind, dropped, place)


def _separator(text: str) -> str:
    """The one that parts a header with a column that layouts have; else the one seen most."""
    header = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    parted = {
        one: [cell.strip(' "\n') for cell in header.split(one)]
        for one in SEPARATORS
        if one in header
    }
    known = [one for one, cells in parted.items() if {*TOLD_BY} & {*cells}]
    return max(known or parted or [","], key=lambda one: len(parted.get(one, ())))


def _as_wide(rows: list[list[str]], place: str) -> list[list[str]]:
    """The rows below the header, each as wide as it.

    R leaves the row names' header out: then every row is wider by its first cell. A row may lack
    its last cells, and end in separators that part nothing.
    """
    width = len(rows[0])
    named = len({row[0] for row in rows[1:]}) == len(rows) - 1
    if named and all(len(row) == width + 1 and row[-1].strip() for row in rows[1:]):
        rows[0].insert(0, "")
        width += 1
    for number, row in enumerate(rows[1:], 1):
        if any(cell.strip() for cell in row[width:]):
            raise StudyError(
                f"{place}: row {number}",
                f"has {len(row)} cells, the header {width}",
                "put a text that holds the separator in quotes",
            )
    return [(row + [""] * (width - len(row)))[:width] for row in rows[1:]]


def _json(text: str, encoding: str, place: str) -> TableFile:
    """JSON: a list of objects, or an object of columns. JSON Lines: an object a line."""
    kind = f"JSON, {encoding}"
    try:
        content = json.loads(text)
    except RecursionError:
        raise _unreadable(place, "it is nested too deeply") from None
    except ValueError:
        content, kind = _json_lines(text, place), f"JSON Lines, {encoding}"
    if isinstance(content, dict):
        content = _records(content, place)
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        raise _unreadable(place, "its JSON is no list of objects")
    names = list(dict.fromkeys(name for one in content for name in one))
    rows = [[one.get(name) for name in names] for one in content]
    return _table(names, rows, kind, {}, place)


def _records(content: dict[str, Any], place: str) -> list[Any]:
    """The objects of an object: one that wraps them, one of columns as data frames are written, or
    one object that is a row by itself."""
    held = [*content.values()]
    if {"columns", "data"} <= {*content}:
        return [dict(zip(content["columns"], row, strict=True)) for row in content["data"]]
    wrapped = [one for one in held if isinstance(one, list) and one and isinstance(one[0], dict)]
    if len(wrapped) == 1:
        return list(wrapped[0])
    if held and all(isinstance(one, dict) for one in held):
        if any({*TOLD_BY} & {*one} for one in held):
            return held
        keys = dict.fromkeys(key for one in held for key in one)
        return [{name: one.get(key) for name, one in content.items()} for key in keys]
    if held and all(isinstance(one, list) for one in held):
        if len({len(one) for one in held}) > 1:
            raise _unreadable(place, "its columns are of different lengths")
        return [dict(zip(content, row, strict=True)) for row in zip(*held, strict=True)]
    return [content]


def _json_lines(text: str, place: str) -> list[Any]:
    """An object a line; a line ends at a line feed alone, others may stand inside a text."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise _unreadable(place, f"line {number} is not JSON: {error}") from None
    return found


def _zipped(content: bytes, place: str) -> TableFile:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [one for one in archive.namelist() if not one.endswith("/")]
        if "xl/workbook.xml" in names:
            return _excel(content, place)
        if len(names) != 1:
            found = f"is an archive of {len(names)} files: {', '.join(names[:4])}"
            raise StudyError(place, found, "give one file: CSV, Excel (.xlsx), JSON or Parquet")
        return _unpacked(archive.read(names[0]), place)


def _excel(content: bytes, place: str) -> TableFile:
    """The sheet that holds answers; where several do, which one is meant cannot be told."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings(action="ignore"):  # of styles it leaves out
            book = load_workbook(io.BytesIO(content), data_only=True)
        sheets = {
            sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)]
            for sheet in book.worksheets
        }
    except Exception as error:  # openpyxl raises whatever its XML parser does
        raise _unreadable(place, f"a broken Excel workbook: {error}") from None
    filled = {
        name: [row for row in rows if any(_cell(one) is not None for one in row)]
        for name, rows in sheets.items()
    }
    sheets = {name: rows for name, rows in filled.items() if rows}
    holding = [name for name, rows in sheets.items() if {*TOLD_BY} & {*map(_cell, rows[0])}]
    if len(holding) > 1:
        found = f"{len(holding)} of its sheets hold answers: {', '.join(holding)}"
        raise StudyError(place, found, "save the one that is meant as a file of its own")
    name = (holding or [*sheets] or [""])[0]
    kind = f'Excel, sheet "{name}"'
    if not sheets:
        return TableFile(pd.DataFrame(), kind, {}, {})
    header, *rows = sheets[name]
    return _table([_cell(one) or "" for one in header], rows, kind, {}, place)


def _parquet(content: bytes, place: str) -> TableFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
        columns = [one.to_pylist() for one in table.columns]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(place, str(error)) from None
    rows = [*zip(*columns, strict=True)]
    return _table(table.column_names, rows, "Parquet", {}, place)


def _table(
    header: Iterable[Any],
    rows: Sequence[Sequence[Any]],
    kind: str,
    dropped: dict[str, int],
    place: str,
) -> TableFile:
    """Rows of cells below a header as a table of texts, columns that hold none left aside."""
    names = [str(one).replace("\ufeff", "").strip() for one in header]
    again = [one for one in rows if [str(cell).strip() for cell in one] == names]
    if again:
        rows = [one for one in rows if [str(cell).strip() for cell in one] != names]
        dropped = {**dropped, "rows that repeat the header": len(again)}
    columns: dict[str, list[str | None]] = {}
    left: dict[str, str] = {}
    for at, name in enumerate(names):
        cells = [row[at] for row in rows]
        if name in INDEX:
            if any(_cell(one) is not None for one in cells):
                left[name or "(no name)"] = "row numbers" if name else "has no name"
        elif name in columns:
            raise StudyError(place, f"has two columns `{name}`", "rename or remove one")
        elif name != "order" and any(isinstance(one, NESTED) for one in cells):
            left[name] = "holds lists or objects"
        else:
            columns[name] = [_cell(one) for one in cells]
    table = pd.DataFrame(columns, index=range(len(rows)), dtype=object)
    dropped = {why: count for why, count in dropped.items() if count}
    return TableFile(table, kind, left, dropped)


def _cell(found: Any) -> str | None:
    """A cell as text, a whole number without a point; None where it holds nothing."""
    if isinstance(found, str):
        # Half a surrogate pair, which JSON can spell, could be neither shown nor written.
        whole = found.replace("\ufeff", "").encode("utf-8", "backslashreplace").decode()
        return whole if whole.strip() else None
    if found is None or found != found:
        return None
    if isinstance(found, float) and found.is_integer():
        return str(int(found))
    return str(found)


def _unreadable(place: str, reason: str) -> StudyError:
    return StudyError(
        place,
        f"cannot be read: {reason}",
        "a row an answer, with a header, as CSV, Excel (.xlsx), JSON, JSON Lines or Parquet",
    )
