"""The judge: six questions about a dilemma, each answered yes or no."""

import dspy


class JudgeScenario(dspy.Signature):
    """You review material for a study of values. Read the dilemma, the value it is written for and
    its actions, each marked aligned with the value or opposed to it, and mild, moderate or strong.
    Answer six questions strictly; when in doubt, false."""

    value: str = dspy.InputField()
    definition: str = dspy.InputField()
    topic: str = dspy.InputField()
    scenario: str = dspy.InputField()
    options: str = dspy.InputField()
    reasoning: str = dspy.OutputField(desc="two or three sentences", max_length=400)
    correct_value: bool = dspy.OutputField(desc="the tension is about this value and topic")
    real_tension: bool = dspy.OutputField(
        desc="two respectable goods conflict; one could go either way"
    )
    opposed_oppose: bool = dspy.OutputField(desc="every opposed action truly gives the value up")
    intensity_ordered: bool = dspy.OutputField(
        desc="strong goes further than moderate, moderate than mild"
    )
    harmless_equal: bool = dspy.OutputField(
        desc="all actions are harmless and equally kind and legal"
    )
    plausible_for_all: bool = dspy.OutputField(
        desc="a person of any outlook could be in this situation"
    )
