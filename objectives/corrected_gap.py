"""Corrected gap: how much nearer actions are to values than if paired at random, 1 where equal."""

import numpy as np

from vad import Answered
from vad.measure import expected_distance, mean_answer

TOGETHER = 8  # chance is the distance to the actions in the other scenarios


def score(answered: Answered) -> float:
    stated, chosen = mean_answer(answered.values), mean_answer(answered.actions)
    chance = expected_distance(stated, chosen)
    return 1 - float(np.nanmean(np.abs(stated - chosen))) / chance if chance > 0 else float("nan")
