"""Cells: a backend and a size of vocabulary, what came of it, and the record of all."""

import csv
import json
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...design.experiment import Experiment
from ...errors import StudyError
from .adversary import Style

MOST_SECONDS = 300.0
MOST_MEGABYTES = 4096.0
"""What compiling all constraints of an experiment may take; more fails the cell."""


@dataclass
class CellRecord:
    """A backend and a vocabulary, and what came of it; times in seconds, memory in MB.

    compile_seconds: the first answers under each constraint, less the second ones.
    memory: what the engine's processes grew by meanwhile. token_pace, answer_pace: tokens and
    answers a second under the constraint, over those of free decoding with the same budget, whose
    answers hardly ever end before it.
    """

    backend: str
    vocabulary: int
    style: Style
    seed: int
    answers: int = 0
    unreadable: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    compile_seconds: float = 0.0
    memory: float = 0.0
    answers_a_second: float = 0.0
    token_pace: float = 0.0
    answer_pace: float = 0.0
    longest: int = 0
    bound: int = 0
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def upper(self) -> float:
        """The rate of unreadable answers is below this with 95% confidence; NaN if any was seen."""
        return 3 / self.answers if self.answers and not self.unreadable else float("nan")

    @property
    def failed(self) -> bool:
        """Whether the cell disproves the guarantee, or compiling was out of bounds."""
        heavy = self.compile_seconds > MOST_SECONDS or self.memory > MOST_MEGABYTES
        return bool(self.unreadable) or heavy or not self.answers


RECORDED = ["date", "experiment", "program", *(one.name for one in fields(CellRecord)), "upper"]
"""What the record has of each cell."""


def same_columns(record: Path) -> None:
    """StudyError for a record that this version would not go on with."""
    if record.exists():
        with record.open(newline="") as file:
            if next(csv.reader(file), []) != RECORDED:
                raise StudyError(
                    str(record), "has the columns of another version of vad", "move it elsewhere"
                )


def append(record: Path, experiment: Experiment, cell: CellRecord) -> None:
    """Add a cell to the record; StudyError if it cannot be written."""
    row: dict[str, Any] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "experiment": experiment.place,
        "program": " ".join(dict.fromkeys(c.settings.program for c in experiment.conditions)),
    }
    row |= asdict(cell) | {"upper": cell.upper}
    row["kinds"], row["versions"] = json.dumps(cell.kinds), json.dumps(cell.versions)
    row["examples"] = json.dumps(cell.examples)
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        new = not record.exists()
        with record.open("a", newline="") as file:
            writer = csv.DictWriter(file, RECORDED)
            if new:
                writer.writeheader()
            writer.writerow(row)
    except OSError as error:
        raise StudyError(str(record), f"cannot be written: {error.strerror}") from None
