"""Import: scenarios from another study's release, read by a file of this study.

`scenarios/NAME.py` is a format: it defines `read(path) -> Import`, where `path` is a file or folder
as released. What it finds odd it says, row by row; it repairs nothing by guessing.
"""

from collections import Counter
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import pandas as pd

from ...analysis.csv_files import write_csv
from ...errors import StudyError
from ...study.loader import Study
from ...study.scenarios import Scenario, line_of, read_scenarios


@dataclass(frozen=True)
class Oddity:
    """What is not as it should be in a row of the source.

    where: the row, as its reader finds it again. kind: what it is counted under. used: whether what
    the row says is in the scenarios all the same. text: the row's own words.
    """

    where: str
    kind: str
    used: bool
    text: str


@dataclass(frozen=True)
class Import:
    """What a source came to: its rows, the scenarios made of them, and every oddity."""

    rows: int
    scenarios: list[Scenario]
    oddities: list[Oddity]

    def kinds(self) -> Counter[tuple[str, bool]]:
        """How many rows are odd in which way, used and not used apart."""
        return Counter((one.kind, one.used) for one in self.oddities)


def import_scenarios(study: Study, name: str, source: Path, to: str) -> tuple[Import, Path, Path]:
    """Read a release into `scenarios/TO.jsonl`, and its oddities into `scenarios/TO.oddities.csv`.

    Returns what it came to and the two files. Raises StudyError for an unknown format, a source
    that is not there or not what the format reads, and a file that is there already.
    """
    path = study.file("scenarios", name, ".py", "vad scenarios import", "format of a release")
    read = getattr(study.module("scenarios", name), "read", None)
    if not callable(read):
        raise StudyError(study.place(path), "defines no read(path); a format of a release does")
    if not source.exists():
        raise StudyError(str(source), "there is no such file or folder")
    out = study.root / "scenarios" / f"{to}.jsonl"
    listed = out.with_suffix(".oddities.csv")
    for taken in (out, listed):
        if taken.exists():
            raise StudyError(
                study.place(taken), "is there already; remove it, or name another: --to"
            )
    found = read(source)
    if not isinstance(found, Import):
        raise StudyError(study.place(path), f"read() returned {found!r:.60}; it returns an Import")
    draft = out.with_suffix(".part")
    draft.write_text("".join(_line(one) for one in found.scenarios))
    try:
        read_scenarios(study, draft)
    except StudyError:
        draft.unlink()
        raise
    columns = [field.name for field in fields(Oddity)]
    write_csv(pd.DataFrame(map(astuple, found.oddities), columns=columns), listed)
    draft.replace(out)
    return found, out, listed


def _line(scenario: Scenario) -> str:
    return line_of(scenario, exclude_defaults=True)
