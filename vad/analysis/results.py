"""A run opened for reading: its answers, figures and comparisons as DataFrames.

import vad

run = vad.open_run("runs/quickstart")
run.scores(by="category")
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..design.columns import BASELINE, column
from ..errors import StudyError
from ..runs.store.reader import open_manifest, read_table
from ..runs.store.schema import condition_columns
from ..study.loader import Study, find_study
from ..study.models import VALIDATED
from ..study.personas import Persona, load_personas
from ..study.questions import LEVEL, QUESTIONS
from ..study.scenarios import ValueInfo, load_topics, load_values
from .answers import Answers, pair, with_beliefs
from .comparisons import compare
from .contrasts import PERSONA_COLUMNS
from .conventions import named
from .distributions import distributions
from .manipulation_check import manipulation_check, named_levels
from .parsers import Parser, as_read, written_under
from .scores import measures_by

By = str | Sequence[str]


class Run:
    """One run folder. What is read is read when asked for; nothing is ever written."""

    def __init__(
        self,
        folder: Path,
        study: Study | None,
        manifest: dict[str, Any],
        parser: Parser = "strict",
    ) -> None:
        self.folder = folder
        self.parser = parser
        self.study = study
        self.manifest = manifest

    def responses(self, columns: list[str] | None = None) -> pd.DataFrame:
        """A row a trial: its condition, scenario, question, repeat, order, text, score, ...

        Whole rows are as the run's parser reads them; named columns are as they were kept.
        """
        rows = read_table(self.folder, "responses", columns)
        return rows if columns else as_read(rows, self.parser, str(self.folder))

    def gap_responses(self) -> pd.DataFrame:
        """The responses that a gap is made of, in the order of `answers.rows`: no `level` ones."""
        rows = self.responses()
        return rows[rows["question"] != LEVEL].reset_index(drop=True)

    def calls(self, columns: list[str] | None = None) -> pd.DataFrame:
        """A row an LM call: its trials, the messages exactly as sent, the raw text, tokens."""
        return read_table(self.folder, "calls", columns)

    def scores(self, convention: str = "thesis2026", by: By | None = None) -> pd.DataFrame:
        """Every measure, a row a condition; or a row for each combination of the columns `by`.

        by: columns of a condition (model, persona, category, ...), variables of the personas
        (religiosity, country) or columns of the scenario (value, topic, group, scenario); `()` for
        one row over all. A group's figure is the mean of its conditions, as in `vad score`.
        Columns: those of `by`, then every measure of MEASURES; NaN is undefined.
        """
        names = self.answers.conditions if by is None else _names(by)
        found = measures_by(self.answers_by(names), named(convention), tuple(names))
        return self.ordered(found, names)

    def distributions(self, by: By = ()) -> pd.DataFrame:
        """How often each score, letter and position was chosen: columns question, kind, label,
        share, after those of `by`."""
        names = _names(by)
        return self.ordered(distributions(self.answers_by(names), tuple(names)), names)

    def manipulation_check(self, by: By | None = None) -> pd.DataFrame:
        """How far personas say their own variables back, a row a condition; or by other columns.

        by: columns of a condition, `variable` or `level`. Columns: those, then
        CHECK_MEASURES, answers, missing. No row where nobody was asked.
        """
        if LEVEL not in self.asked:
            return pd.DataFrame()
        told = named_levels(self.responses(), self.manifest)
        return manipulation_check(told, self.conditions if by is None else _names(by))

    def readings(self) -> pd.DataFrame:
        """How many answers each parser reads and what they cost, a row a condition.

        Columns: those of a condition, asked, strict and lenient (answers read; constrained ones
        by either), prompt_tokens and output_tokens (means an answer).
        """
        rows = read_table(self.folder, "responses")
        rows = rows[rows["question"] != LEVEL]
        strict = rows["valid"].astype(bool)
        lenient = strict | as_read(rows, "lenient", str(self.folder))["valid"]
        groups = rows.assign(strict=strict, lenient=lenient).groupby(
            self.conditions, sort=False, dropna=False
        )
        return groups.agg(
            asked=("strict", "size"),
            strict=("strict", "sum"),
            lenient=("lenient", "sum"),
            prompt_tokens=("prompt_tokens", "mean"),
            output_tokens=("output_tokens", "mean"),
        ).reset_index()

    def compare(self, *others: str | Path, any_two: bool = False) -> pd.DataFrame:
        """Paired differences between conditions, of this run or with others; see `vad.compare`."""
        groups = {name: info.group for name, info in self.values.items()}
        return compare([self.folder, *map(Path, others)], groups, any_two, self.parser)

    def answers_by(self, by: Sequence[str]) -> Answers:
        """The answers, with a column for each variable of the personas that `by` names."""
        return with_beliefs(self.answers, self.manifest, by)

    def not_guaranteed(self) -> list[str]:
        """A sentence for each model whose answers are only validated: how many were invalid."""
        return [
            f"{model}: {VALIDATED}: {one['outcome']['unreadable']:,} of "
            f"{one['outcome']['answers']:,} answers invalid, kept and counted as missing"
            for model, one in self.manifest.get("certificates", {}).items()
            if self.guarantee(model) == VALIDATED
        ]

    def guarantee(self, model: str, decoding: str = "constrained") -> str:
        """Why answers can be read: "by construction", "validated, not guaranteed", or "none".

        None where decoding is free; "unknown" where the manifest holds no certificate of the model.
        """
        if decoding == "free":
            return "none"
        proved = self.manifest.get("certificates", {}).get(model, {})
        return str(proved.get("guarantee", "unknown"))

    @property
    def conditions(self) -> list[str]:
        """The columns that tell its conditions apart, as its manifest says."""
        return condition_columns(self.manifest["vary"])

    @property
    def written(self) -> Path:
        """Where its tables, figures and page go: what the lenient parser reads, apart."""
        return written_under(self.folder, self.parser)

    @property
    def asked(self) -> list[str]:
        """The questions it asked: value and action, level."""
        return list(self.manifest["settings"].get("asks", QUESTIONS))

    @cached_property
    def answers(self) -> Answers:
        """The responses as arrays, the value's group among the columns of their scenarios."""
        answers = pair(self.responses(), str(self.folder), self.conditions)
        if not self.values:
            return answers
        groups = answers.items["value"].map({name: one.group for name, one in self.values.items()})
        return replace(answers, items=answers.items.assign(group=groups))

    @cached_property
    def factors(self) -> list[str]:
        """What a table is laid out by: the model, and every other column that tells conditions
        apart. Who is asked stands aside, and so does the format where only one shows a persona."""
        items = self.answers.items
        varied = [name for name in self.answers.conditions if items[name].nunique(dropna=False) > 1]
        if items["format"][items["persona"] != BASELINE].nunique() < 2:
            varied = [name for name in varied if name != "format"]
        return ["model", *(name for name in varied if name not in ("model", *PERSONA_COLUMNS))]

    @cached_property
    def who(self) -> str:
        """What a table's columns are: persona categories, or personas where none has a category."""
        items = self.answers.items
        personas = items[items["persona"] != BASELINE]
        return "category" if personas.empty or personas["category"].any() else "persona"

    @cached_property
    def values(self) -> dict[str, ValueInfo]:
        """The values of the study around the run; none where there is no study."""
        return load_values(self.study) if self.study else {}

    @cached_property
    def personas(self) -> tuple[Persona, ...]:
        """The personas of the study that this run asked as; none where there is no study."""
        if self.study is None:
            return ()
        asked = set(self.answers.items["persona"])
        files = self.levels("personas")
        found = {
            one.name: one
            for name in files
            for one in load_personas(self.study, name, f"{self.folder}: personas").personas
        }
        return tuple(one for name, one in found.items() if name in asked)

    def levels(self, setting: str) -> list[Any]:
        """The values a setting has in this run, one or those varied; none where it is not set."""
        settings = self.manifest["settings"]
        found: list[Any] = self.manifest["vary"].get(setting, [settings.get(setting)])
        return [level for level in found if level is not None]

    def ordered(self, table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        """Rows sorted by columns, in the order of the experiment and the study."""
        for name in reversed(by):
            place = {level: at for at, level in enumerate(map(str, self._order(name)))}
            of = [place.setdefault(str(level), len(place)) for level in table[name]]
            table = table.iloc[np.argsort(of, kind="stable")]
        return table.reset_index(drop=True)

    def _order(self, name: str) -> list[Any]:
        study = self.study
        if name == "persona":
            return [BASELINE, *(one.name for one in self.personas)]
        if name == "category":
            return [BASELINE, *dict.fromkeys(one.category for one in self.personas)]
        if name in ("value", "group"):
            groups = [one.group for one in self.values.values()]
            return [*dict.fromkeys(groups if name == "group" else self.values)]
        if name == "question":
            return [*QUESTIONS]
        if name == "topic":
            return [*load_topics(study)] if study else []
        varied = self.manifest["vary"]
        return next((levels for key, levels in varied.items() if column(key) == name), [])


def open_run(folder: str | Path, study: str | Path | None = None, parser: Parser = "strict") -> Run:
    """Open a run folder.

    study: the folder of its study, which knows the values' groups and the personas' beliefs; by
    default the one around the run, else the one around the current folder, else none.
    parser: what free answers are read by, strict or lenient.
    Raises StudyError if it is not a run folder, or if no study is where one was named.
    """
    path = Path(folder)
    return Run(path, _study(path, study), open_manifest(path), parser)


def _study(run: Path, given: str | Path | None) -> Study | None:
    if given is not None:
        return find_study(Path(given))
    for place in (run, Path.cwd()):
        try:
            return find_study(place)
        except StudyError:
            continue
    return None


def _names(by: By) -> list[str]:
    return [by] if isinstance(by, str) else [*by]
