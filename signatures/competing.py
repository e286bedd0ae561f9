"""The competing question: one dilemma, the good that stands against its value, a scale of six."""

from typing import Literal

import dspy


class RateCompeting(dspy.Signature):
    """You take part in a psychological study. Read what is put before you, weigh it, and give a short
    account of your reasoning and one final choice. Answer with one raw JSON object and nothing else."""

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    question: str = dspy.InputField()
    options: str = dspy.InputField()
    reasoning: str = dspy.OutputField(desc="two or three sentences", max_length=400)
    competing: Literal["A", "B", "C", "D", "E", "F"] = dspy.OutputField()


competing = dspy.Predict(RateCompeting)
