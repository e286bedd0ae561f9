"""Tables: AR and AD a condition and a category, from the responses of a run."""

import pandas as pd

from ..opened import Run


def conditions(run: Run) -> pd.DataFrame:
    """A row a condition: every measure in thesis2026, and how many answers could be read."""
    return run.scores()


def categories(run: Run) -> pd.DataFrame:
    """A row a persona category: the mean of its personas."""
    return run.scores(by=[name for name in run.answers.conditions if name != "persona"])


def write_tables(run: Run) -> dict[str, pd.DataFrame]:
    """Compute a run's tables and write them under `tables/`; StudyError if it holds no answer."""
    tables = {"conditions": conditions(run), "categories": categories(run)}
    folder = run.folder / "tables"
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return tables
