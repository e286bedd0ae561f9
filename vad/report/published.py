"""Published figures of another dataset, to stand beside a run's own where the designs match.

A study may hold `experiments/published.csv`: a row a category of a condition, with the columns that
tell conditions apart (model, format, category, ...), `AD`, `AR`, and `source`, the publication and
its dataset in words.
"""

import pandas as pd

from ..errors import StudyError
from ..study import Study

FIGURES = ("AD", "AR")


def beside(categories: pd.DataFrame, study: Study | None) -> pd.DataFrame:
    """The table of a run's categories with the columns `published AD`, `published AR`, `source`.

    NaN where nothing was published of a row's model, format and category; without a file nothing
    is. StudyError for a file that lacks a column or says two things of one row.
    """
    named = [f"published {name}" for name in FIGURES]
    path = study.root / "experiments" / "published.csv" if study else None
    if study is None or path is None or not path.is_file():
        return categories.assign(**dict.fromkeys([*named, "source"], float("nan")))
    found = pd.read_csv(path)
    place, names = study.place(path), [*map(str, found)]
    for name in ("source", *FIGURES):
        if name not in found:
            raise StudyError(place, f"lacks the column `{name}`", f"it has {', '.join(names)}")
    keys = [name for name in names if name in categories]
    odd = [name for name in names if name not in (*keys, *FIGURES, "source")]
    if odd or not keys:
        right = f"a category has {', '.join(map(str, categories))}"
        raise StudyError(place, f"no column of a category: {', '.join(odd) or 'any'}", right)
    if found.duplicated(keys).any():
        row = int(found.duplicated(keys).to_numpy().argmax())
        raise StudyError(f"{place}: row {row + 1}", f"a second row for the same {', '.join(keys)}")
    found = found.rename(columns=dict(zip(FIGURES, named, strict=True)))
    return categories.merge(found, on=keys, how="left")
