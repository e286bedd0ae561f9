"""The level question: a persona's own variable, its levels, one choice; asked to see what was taken in."""

from typing import Literal

import dspy


class StateLevel(dspy.Signature):
    """You take part in a psychological study. Read what is put before you, weigh it, and give a short
    account of your reasoning and one final choice."""

    persona: str = dspy.InputField()
    question: str = dspy.InputField()
    options: str = dspy.InputField()
    reasoning: str = dspy.OutputField(desc="two or three sentences", max_length=400)
    level: Literal["A", "B", "C", "D", "E", "F"] = (
        dspy.OutputField()
    )  # as many as a variable has levels
