"""Published figures of another dataset, to stand beside a run's own where the designs match.

A study may hold `experiments/published.csv`: a row a category of a condition, with the columns that
tell conditions apart (model, format, category, ...), `AD`, `AR`, and `source`, the publication and
its dataset in words. `scenarios` and `personas file` name the files of this study that a figure may
stand beside.
"""

from math import nan

import pandas as pd

from ..analysis.measure_table import primary_first, shown_in
from ..analysis.results import Run
from ..errors import StudyError, unknown

PUBLISHED_MEASURES = tuple(one.title for one in primary_first(shown_in("published")))
FILES = {"scenarios": "scenarios", "personas file": "personas"}
"""The columns that name files, and the setting that each is held against."""


def beside(categories: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The table of a run's categories with the columns `published AD`, `published AR`, `source`.

    NaN where nothing was published of a row's model, format, category and number of personas; where
    the study has no such file nothing is. StudyError for a file that lacks a column, has an unknown
    one or says two things of one row.
    """
    named = [f"published {name}" for name in PUBLISHED_MEASURES]
    nothing = categories.assign(**dict.fromkeys([*named, "source"], nan))
    path = run.study.root / "experiments" / "published.csv" if run.study else None
    if run.study is None or path is None or not path.is_file():
        return nothing
    found = pd.read_csv(path)
    place, names = run.study.place(path), [*map(str, found)]
    for name in ("source", *PUBLISHED_MEASURES):
        if name not in names:
            raise StudyError(place, f"lacks the column `{name}`", f"it has {', '.join(names)}")
    known = [*run.answers.conditions, "personas", *FILES]
    keys = [name for name in names if name not in (*PUBLISHED_MEASURES, "source")]
    for name in keys:
        if name not in known:
            raise unknown(place, "column of a condition", name, "the run has", known)
    if found.duplicated(keys).any():
        row = int(found.duplicated(keys).to_numpy().argmax())
        raise StudyError(f"{place}: row {row + 1}", f"a second row for the same {', '.join(keys)}")
    for name in {*FILES} & {*keys}:
        files = run.levels(FILES[name])
        found = found[found[name] == files[0]] if len(files) == 1 else found[:0]
        keys.remove(name)
    if not {*keys} <= {*categories} or found.empty:
        return nothing
    found = found.drop(columns=[name for name in FILES if name in found])
    found = found.rename(columns=dict(zip(PUBLISHED_MEASURES, named, strict=True)))
    return categories.merge(found, on=keys, how="left")
