"""A run folder written from arrays, as a run would have left it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vad.analysis.measures import Array
from vad.study.models import PUBLISHED

Answers = dict[str, tuple[Array, Array]]
"""A condition's values and actions, [scenarios, repeats], under its persona's name."""

FIXED = {
    "model": "sim",
    "program": "direct",
    "format": "none",
    "persona": "baseline",
    "category": "baseline",
    "decoding": "constrained",
    "adapter": "plain",
}


def rows(values: Array, actions: Array, **columns: Any) -> pd.DataFrame:
    """A condition's responses; scenario 5 is s005, value v1 of v0 and v1, topic t2 of three."""
    condition = FIXED | columns
    scenarios, repeats = values.shape
    number = np.repeat(np.arange(scenarios), repeats)
    tables = [
        pd.DataFrame(
            {
                "trial": [f"{condition} {question} {place}" for place in range(scores.size)],
                **condition,
                "scenario": [f"s{place:03}" for place in number],
                "value": [f"v{place % 2}" for place in number],
                "topic": [f"t{place % 3}" for place in number],
                "question": question,
                "repeat": np.tile(np.arange(repeats), scenarios).astype("int16"),
                "text": "",
                "reasoning": None,
                "letter": None,
                "option": np.round((1 - scores.ravel()) / 0.4),
                "score": scores.ravel(),
                "valid": np.isfinite(scores.ravel()),
                "problem": [None if np.isfinite(one) else "cut off" for one in scores.ravel()],
                "reused": None,
            }
        )
        for question, scores in (("value", values), ("action", actions))
    ]
    return pd.concat(tables, ignore_index=True)


def persona(name: str, values: Array, actions: Array, **columns: Any) -> pd.DataFrame:
    """The responses of a persona; `moderate_1` is of the category moderate."""
    who = {"format": "explicit", "persona": name, "category": name.split("_")[0]}
    return rows(values, actions, **(who | columns))


def write_run(folder: Path, *tables: pd.DataFrame, **vary: list[Any]) -> Path:
    """A run folder with these responses, its manifest saying what was varied."""
    part = folder / "responses" / "sim"
    part.mkdir(parents=True)
    joined = pd.concat(tables, ignore_index=True)
    joined.to_parquet(part / "part-000000-000000.parquet", index=False)
    vary = vary or {"format": ["none", "explicit"]}
    manifest = {
        "experiment": "experiments/x.toml",
        "vary": vary,
        "settings": {"order": "balanced", "repeats": 3, "seed": 2026},
        "sampling_where_nothing_else_is_said": PUBLISHED.model_dump(),
        "models": {},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def random_scores(seed: int, scenarios: int, repeats: int = 3, missing: float = 0.0) -> Array:
    """Answers on the six-point scale drawn with equal chance, some missing."""
    random = np.random.default_rng(seed)
    scores = random.choice(np.linspace(1, -1, 6), (scenarios, repeats))
    return np.where(random.random(scores.shape) < missing, np.nan, scores)
