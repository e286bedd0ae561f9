"""Repeat agreement: how often a question gets the same answer when it is asked again."""

import numpy as np

from vad import Answered, measures


def score(answered: Answered) -> float:
    each = np.concatenate(
        [measures.repeat_agreement(answered.values), measures.repeat_agreement(answered.actions)]
    )
    defined = each[np.isfinite(each)]
    return float(defined.mean()) if len(defined) else float("nan")
