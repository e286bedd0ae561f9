"""Parts: the files of a table, numbered as they were written; one may hold a range of numbers.

responses/<model>/part-000000-000007.parquet     eight parts, merged
journal/<model>/part-000008-000008.jsonl         what will be the next
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

NAME = re.compile(r"part-(\d{6,})-(\d{6,})\.(?:parquet|jsonl)")


@dataclass(frozen=True)
class Part:
    """A file of a table: its model's folder, the first and the last number that it holds."""

    path: Path
    model: str
    first: int
    last: int

    def holds(self, other: "Part") -> bool:
        """Whether all that another file of this model has stands here, too."""
        return self.model == other.model and self.first <= other.first and other.last <= self.last

    def meets(self, other: "Part") -> bool:
        """Whether the two, of one model, have a number in common."""
        return self.model == other.model and self.first <= other.last and other.first <= self.last


def list_parts(path: Path, kind: str, model: str = "*") -> list[Part]:
    """The files of a table of a run, or of its journal, by model and number; of one model's folder,
    or all.

    A kill between a merge and its clearing up leaves parts twice: those that another holds too are
    among them.
    """
    found = []
    for file in (path / kind).glob(f"{model}/part-*"):
        numbers = NAME.fullmatch(file.name)
        if numbers:
            found.append(Part(file, file.parent.name, int(numbers[1]), int(numbers[2])))
    return sorted(found, key=lambda one: (one.model, one.first, -one.last))


def largest(parts: list[Part]) -> list[Part]:
    """The parts that no other of them holds: every row of a table once."""
    kept: list[Part] = []
    for one in parts:
        if not (kept and kept[-1].holds(one)):
            kept.append(one)
    return kept


def part_name(first: int, last: int, ending: str) -> str:
    """The name of the file that holds the numbers `first` to `last`."""
    return f"part-{first:06d}-{last:06d}.{ending}"


def sync(path: Path) -> None:
    """Have a file, or which files a folder holds, outlast the machine's going down."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
