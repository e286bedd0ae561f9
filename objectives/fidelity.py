"""Fidelity: how often a persona names the levels of its own variables."""

import numpy as np

from vad import Answered

ASKS = ["level"]


def score(answered: Answered) -> float:
    given = np.isfinite(answered.levels)
    right = np.isclose(answered.levels, answered.own[:, None])
    return float(right[given].mean()) if given.any() else float("nan")
