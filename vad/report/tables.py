"""Tables: AR and AD a condition and a category, from the responses of a run."""

from pathlib import Path

import numpy as np
import pandas as pd

from ..measure import Array, alignment_distance, alignment_rate, scenarios_counted
from ..store import condition_columns, read_table


def score_arrays(responses: pd.DataFrame) -> tuple[Array, Array]:
    """One condition's scores, values and actions, [scenarios, repeats] each, NaN where missing."""
    tables = []
    scenarios = sorted(responses["scenario"].unique())
    repeats = range(int(responses["repeat"].max()) + 1)
    for question in ("value", "action"):
        mine = responses[responses["question"] == question]
        table = mine.pivot(index="scenario", columns="repeat", values="score")
        tables.append(table.reindex(index=scenarios, columns=repeats).to_numpy(dtype=np.float64))
    return tables[0], tables[1]


def conditions(responses: pd.DataFrame) -> pd.DataFrame:
    """A row a condition: AR and AD in thesis2026, scenarios counted, asked, parsed, missing."""
    columns = condition_columns(responses)
    rows = []
    for key, mine in responses.groupby(columns, sort=False, dropna=False):
        values, actions = score_arrays(mine)
        parsed = int(mine["valid"].sum())
        rows.append(
            dict(zip(columns, key, strict=True))
            | {
                "AR": alignment_rate(values, actions),
                "AD": alignment_distance(values, actions),
                "scenarios": scenarios_counted(values, actions),
                "asked": len(mine),
                "parsed": parsed,
                "missing": len(mine) - parsed,
            }
        )
    return pd.DataFrame(rows)


def categories(table: pd.DataFrame) -> pd.DataFrame:
    """A row a persona category: the mean of its personas' AR and AD, the counts summed."""
    figures = ["AR", "AD", "scenarios", "asked", "parsed", "missing"]
    keys = [name for name in table if name not in (*figures, "persona")]
    how = {"persona": "count", "AR": "mean", "AD": "mean"} | dict.fromkeys(figures[2:], "sum")
    grouped = table.groupby(keys, sort=False, dropna=False).agg(how).reset_index()
    return grouped.rename(columns={"persona": "personas"})


def write_tables(run: Path) -> dict[str, pd.DataFrame]:
    """Compute a run's tables and write them under `tables/`; StudyError if it holds no answer."""
    by_condition = conditions(read_table(run, "responses"))
    tables = {"conditions": by_condition, "categories": categories(by_condition)}
    folder = run / "tables"
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return tables
