"""Direct: one call a question, brief reasoning, then the letter; the program as published."""

import dspy

from .action import ChooseAction
from .value import RateValue

value = dspy.Predict(RateValue)
action = dspy.Predict(ChooseAction)
