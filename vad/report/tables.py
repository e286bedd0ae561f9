"""Tables: what a run came to, each a DataFrame; written whole as CSV, the readable part as LaTeX.

The published layout, rows the models and columns baseline and persona categories, is `ad` and `ar`.
All are laid out by the run's factors: the model and whatever else was varied.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..analysis.comparison_table import (
    COMPARISON_COLUMNS,
    contrast_keys,
    in_role,
    primary_contrasts,
)
from ..analysis.comparisons import ALPHA
from ..analysis.csv_files import write_csv
from ..analysis.measure_table import BY_NAME, PRIMARY, Measure, primary_first, shown_in
from ..analysis.parsers import SAID, Parser, marked
from ..analysis.results import Run
from ..analysis.unreadable import unreadable_by_kind
from ..design.columns import BASELINE
from ..errors import StudyError
from ..study.questions import LEVEL, QUESTIONS
from .formatting import BETTER, UNNAMED
from .latex import fragment
from .option_labels import option_names

P = " adjusted p"
"""What follows a category's name where the adjusted p of its improvement stands."""
OWN_TABLE = {one.name: one for one in primary_first(shown_in("categories"))}
"""The measures that have a table of their own, by its name."""
NOTES = {
    "comparisons": "Primary contrasts, all scenarios; the CSV holds the rest. AD: primary family,\n"
    "p adjusted after Holm; the others: exploratory, after Benjamini and Hochberg.\n"
    "Bold: adjusted p < .05.",
    "options": "Share of the answers given; score 1 strongly agree or aligned, -1 its opposite.",
    "letters": "Share of the answers given, by the letter they bear.",
    "positions": "Share of the answers given, by the place of the option chosen.",
    "fidelity": "Share of the answers about a persona's own variables that name its level;\n"
    "unprompted: share of the baseline's answers that do. Off by: mean distance, 0 to 2.",
    "fidelity_by_variable": "As fidelity, a row a variable: the mean over the personas.",
    "missing": "Guarantee: why answers can be read. Validated, not guaranteed: a provider held\n"
    "them to a JSON schema in its own way; each was checked, the invalid ones are missing.",
    "repeats": "Share of pairs of repeats of one question that gave the same answer.",
}


def make_tables(run: Run, comparisons: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """All tables of a run by name; comparisons as `Run.compare` gives them, None if there are none.

    Raises StudyError if the run holds no answers that can be paired.
    """
    who = [*run.factors, run.who]
    by = {"conditions": None, "values": [*who, "value"]}
    if has_groups(run):
        by["value_groups"] = [*who, "group"]
    by["topics"] = [*who, "topic"]
    tables = {name: published(run, comparisons, one) for name, one in OWN_TABLE.items()}
    tables |= {name: run.scores(by=columns) for name, columns in by.items()}
    tables |= drawn_tables(run)
    if comparisons is not None:
        tables["comparisons"] = comparisons
    agreement = [f"agreement_{question}" for question in QUESTIONS]
    tables["repeats"] = tables.pop("personas")[[*run.factors, "category", "persona", *agreement]]
    if LEVEL in run.asked:
        tables["fidelity"] = run.manipulation_check([*run.factors, "category", "persona"])
        tables["fidelity_by_variable"] = run.manipulation_check([*run.factors, "variable"])
    tables["missing"] = missing(run)
    return tables


def has_groups(run: Run) -> bool:
    """Whether the values of a run's scenarios are known to belong to groups."""
    return "group" in run.answers.items and bool(run.answers.items["group"].notna().any())


def drawn_tables(run: Run, part: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """The tables from which figures are drawn: of all scenarios, or of each part of them.

    part: columns of the scenario (value, group, topic). Each table has them first, then the run's
    factors and who was asked. categories, personas: as `Run.scores`; options, letters, positions:
    the share of each label, as `Run.distributions`, the options from the highest score on, named.
    """
    keys = [*part, *run.factors, "category"]
    tables = {
        "categories": run.scores(by=[*part, *run.factors, run.who]),
        "personas": run.scores(by=[*keys, "persona"]),
    }
    shares = run.distributions(keys)
    names = option_names(run)
    for name, kind in (("options", "score"), ("letters", "letter"), ("positions", "position")):
        chosen = shares[shares["kind"] == kind].drop(columns="kind")
        if kind == "score":
            falling = chosen["label"].astype(float).mul(-1).sort_values(kind="stable").index
            chosen = run.ordered(chosen.loc[falling], [*keys, "question"])
            chosen["name"] = [
                names[question].get(float(label), "")
                for question, label in zip(chosen["question"], chosen["label"], strict=True)
            ]
        if len(chosen):
            tables[name] = chosen
    return tables


def published(run: Run, comparisons: pd.DataFrame | None, measure: Measure) -> pd.DataFrame:
    """A measure as published: a row for each choice of the factors, a column a persona category.

    Columns: the factors, the baseline's figure, then for each category (or
    persona, where none has a category) its figure, its improvement on the baseline (above 0 is
    nearer, paired on the scenario) and the adjusted p of that. What was not asked or cannot be
    computed is NaN.
    """
    keys, who = run.factors, run.who
    scores = run.scores(by=[*keys, who]).rename(columns={measure.name: "figure"})
    # A baseline shows no persona in any format: its one figure stands in the rows of all formats.
    shared = [name for name in keys if name != "format"]
    baselines = scores[scores[who] == BASELINE].drop_duplicates(shared)
    shown = scores[scores[who] != BASELINE]
    table = (shown if len(shown) else baselines)[keys].drop_duplicates()
    if len(baselines):
        baseline = baselines[[*shared, "figure"]].rename(columns={"figure": BASELINE})
        table = table.merge(baseline, on=shared, how="left")
    for level in shown[who].unique():
        mine = shown.loc[shown[who] == level, [*keys, "figure"]]
        name = level or UNNAMED
        table = table.merge(mine.rename(columns={"figure": name}), on=keys, how="left")
        if comparisons is None or baselines.empty or measure.compared is None:
            continue
        apart = comparisons[
            (comparisons["factor"] == who)
            & (comparisons["level"] == level)
            & (comparisons["reference"] == BASELINE)
            & (comparisons["within"] == "all")
            & (comparisons["measure"] == measure.compared.label)
        ]
        apart = (
            apart[keys]
            .astype(table[keys].dtypes)
            .assign(
                **{
                    name + BETTER: measure.nearer * apart["difference"],
                    name + P: apart["adjusted"],
                }
            )
        )
        table = table.merge(apart, on=keys, how="left")
    return table


def missing(run: Run) -> pd.DataFrame:
    """What was asked, could be read and is missing, by factors, category and question.

    Columns: those, the guarantee under which answers came (`Run.guarantee`), asked, parsed,
    missing, then a column for each kind of unreadable answer; "no answer" are rows that are not
    there, though their condition was asked that repeat.
    """
    answers, keys = run.answers, missing_keys(run)
    tables = []
    for question, scores in zip(QUESTIONS, (answers.values, answers.actions), strict=True):
        table = _with_guarantee(run, answers.items).assign(question=question)[keys]
        table = table.assign(
            asked=(~np.isinf(scores)).sum(axis=1),
            parsed=np.isfinite(scores).sum(axis=1),
        )
        tables.append(table.groupby(keys, sort=False, dropna=False).sum())
    counts = pd.concat(tables)
    counts["missing"] = counts["asked"] - counts["parsed"]
    kinds = unreadable_by_kind(_with_guarantee(run, run.gap_responses()), keys)
    counts = counts.join(kinds).fillna(dict.fromkeys(kinds, 0)).astype(int)
    rest = counts["missing"] - counts[[*kinds]].sum(axis=1)
    if rest.any():
        counts["no answer"] = rest
    return run.ordered(counts.reset_index(), keys)


def missing_keys(run: Run) -> list[str]:
    """The columns of the table `missing` that say whose answers a row counts."""
    return [*run.factors, "category", "guarantee", "question"]


def _with_guarantee(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    pairs = zip(table["model"], table["decoding"], strict=True)
    return table.assign(guarantee=[run.guarantee(*pair) for pair in pairs])


def write_tables(folder: Path, tables: dict[str, pd.DataFrame], parser: Parser = "strict") -> None:
    """Write each table under `folder`: NAME.csv whole, at full precision, and NAME.tex to read.

    Where they rest on the lenient parser each says so. Raises StudyError if that cannot be done.
    """
    said = "" if parser == "strict" else f"{SAID}\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            write_csv(marked(table, parser), folder / f"{name}.csv")
            shown, bold = printed(name, table)
            (folder / f"{name}.tex").write_text(fragment(shown, bold, said + _note(name)))
    except OSError as error:
        raise StudyError(str(folder), f"cannot be written: {error.strerror}") from None


def _note(name: str) -> str:
    """What a reader of a table needs to know."""
    if name not in OWN_TABLE:
        return NOTES.get(name, "")
    one = OWN_TABLE[name]
    after = (
        "a category\nafter Holm, a persona after Benjamini and Hochberg"
        if one is PRIMARY
        else "after\nBenjamini and Hochberg"
    )
    return (
        f"{one.noun.capitalize()} (thesis2026), {one.range}: {one.direction}. Improvement: on the\n"
        f"baseline, paired on the scenario, above 0 nearer; bold: adjusted p < .05 ({after})."
    )


def printed(name: str, table: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_] | None]:
    """What is printed of a table, and which of its cells are bold: adjusted p below .05."""
    if name in OWN_TABLE:
        small = {
            column.removesuffix(P): (table[column] < ALPHA).to_numpy()
            for column in map(str, table)
            if column.endswith(P)
        }
        shown = table.drop(columns=[category + P for category in small])
        under = [str(column).removesuffix(BETTER) for column in shown]
        none = np.zeros(len(table), dtype=bool)
        bold = np.column_stack([small.get(one, none) for one in under])
        return shown, bold
    if name == "comparisons":
        rows = primary_contrasts(table)
        keys = [*contrast_keys(rows), *in_role("measure")]
        names = (*in_role("contrast"), *in_role("measure"))
        told = [key for key in keys if key in names or rows[key].nunique(dropna=False) > 1]
        shown = rows[[*told, *(key for key, one in COMPARISON_COLUMNS.items() if one.printed)]]
        sure = (shown["adjusted"] < ALPHA).to_numpy()
        differs = np.array([column == "difference" for column in shown])
        return shown, sure[:, None] & differs
    if PRIMARY.name in table:
        keys = [str(column) for column in table if column not in BY_NAME]
        kept = ["model", "persona", "value", "topic", "group", "category"]
        told = [key for key in keys if key in kept or table[key].nunique(dropna=False) > 1]
        return table[[*told, *(one.name for one in shown_in("conditions"))]], None
    return table, None
