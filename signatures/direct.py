"""Direct: one call a question, brief reasoning, then the letter; the program as published."""

import dspy

from .action import ChooseAction
from .level import StateLevel
from .value import RateValue

value = dspy.Predict(RateValue)
action = dspy.Predict(ChooseAction)
level = dspy.Predict(StateLevel)
