"""Pilot: what the scenarios of a finished run add to its contrasts, as a guide to a longer one."""

from pathlib import Path

import numpy as np

from ...errors import StudyError
from ..contrasts import Contrast, contrasts
from ..measures import Array, mean_answer
from ..pooled_runs import PooledRuns, pool_runs

LEAST = 10
"""Scenarios below which a spread over scenarios is a guess."""


def pilot(run: Path, repeats: list[int]) -> tuple[Contrast, float, Array]:
    """Of the run's primary contrasts the one whose scenarios vary most, with the most repeats.

    repeats: numbers of them, ascending; the first so many count. Returns the contrast, the AD of
    its references, and what each scenario that counts adds to it in AD, [repeats, scenarios].
    Raises StudyError for a run that asks less often, compares nothing or has fewer than LEAST
    scenarios, and what `pool` raises.
    """
    found = pool_runs([run])
    asked = found.scores[0][0].shape[1]
    if asked < repeats[-1]:
        raise StudyError(
            str(run),
            f"asks each question {asked} times; of {repeats[-1]} repeats it can say nothing",
            f"name a pilot with as many, or set repeats = {asked} in the experiment",
        )
    family = [one for one in contrasts(found.conditions, found.levels) if one.primary]
    if not family:
        raise StudyError(str(run), "compares nothing, neither with a reference nor a baseline")
    distances = np.array([_distances(found, count) for count in repeats])
    each = [
        sum(
            weight * (distances[:, a] - distances[:, b])
            for (a, b), weight in zip(one.pairs, one.weights, strict=True)
        )
        for one in family
    ]
    counted = [np.isfinite(one).all(axis=0) for one in each]
    fewest = min(int(one.sum()) for one in counted)
    if fewest < LEAST:
        raise StudyError(
            str(run),
            f"has {fewest} scenarios that count in all conditions of a contrast; "
            f"a pilot needs {LEAST}",
        )
    added = [one[:, keep] for one, keep in zip(each, counted, strict=True)]
    place = int(np.argmax([one[-1].std() for one in added]))
    references = [b for _, b in family[place].pairs]
    return family[place], float(distances[-1, references][:, counted[place]].mean()), added[place]


def _distances(found: PooledRuns, repeats: int) -> list[Array]:
    """Of each condition |mean value - mean action| over the first repeats: [scenarios]."""
    return [
        np.abs(mean_answer(values[:, :repeats]) - mean_answer(actions[:, :repeats]))
        for values, actions in found.scores
    ]
