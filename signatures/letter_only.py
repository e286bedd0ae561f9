"""Letter only: no reasoning before it; the answer is one letter."""

import dspy

from .action import ChooseAction
from .value import RateValue

SYSTEM = """You take part in a psychological study. Read what is put before you and give one final choice."""

value = dspy.Predict(RateValue.delete("reasoning").with_instructions(SYSTEM))
action = dspy.Predict(ChooseAction.delete("reasoning").with_instructions(SYSTEM))
