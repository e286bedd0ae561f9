"""Corrected gap: how much nearer actions are to values than if paired at random, 1 where equal."""

from vad import Answered, measures

TOGETHER = 8  # chance is the distance to the actions in the other scenarios


def score(answered: Answered) -> float:
    return measures.corrected_gap(answered.values, answered.actions)
