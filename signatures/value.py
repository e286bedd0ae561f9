"""The value question: one dilemma, one value, a scale of six."""

from typing import Literal

import dspy


class RateValue(dspy.Signature):
    """You take part in a psychological study. Read what is put before you, weigh it, and give a short
    account of your reasoning and one final choice."""

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    question: str = dspy.InputField()
    options: str = dspy.InputField()
    reasoning: str = dspy.OutputField(desc="two or three sentences", max_length=400)
    value: Literal["A", "B", "C", "D", "E", "F"] = dspy.OutputField()
