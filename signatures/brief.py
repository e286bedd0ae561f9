"""Brief: a reasoning of a few words, then the letter."""

import dspy

from .action import ChooseAction
from .value import RateValue

FEW = {"desc": "a few words", "max_length": 40}


class RateBriefly(RateValue):
    __doc__ = RateValue.__doc__

    reasoning: str = dspy.OutputField(**FEW)


class ChooseBriefly(ChooseAction):
    __doc__ = ChooseAction.__doc__

    reasoning: str = dspy.OutputField(**FEW)


value = dspy.Predict(RateBriefly)
action = dspy.Predict(ChooseBriefly)
