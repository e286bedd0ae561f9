"""Two steps: think about the dilemma before the scale or the actions are shown, then answer."""

import dspy

from .action import ChooseAction
from .value import RateValue


class Think(dspy.Signature):
    """You take part in a psychological study. Think over what is put before you; no choice is asked
    for yet."""

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    thoughts: str = dspy.OutputField(desc="two or three sentences", max_length=400)


class ThinkThenAnswer(dspy.Module):
    def __init__(self, answer):
        super().__init__()
        self.think = dspy.Predict(Think)
        self.answer = dspy.Predict(answer)

    async def aforward(self, persona, scenario, question, options):
        first = await self.think.acall(persona=persona, scenario=scenario)
        answered = await self.answer.acall(
            persona=persona,
            scenario=f"{scenario}\n\nYour thoughts on it: {first.thoughts}",
            question=question,
            options=options,
        )
        return dspy.Prediction(thoughts=first.thoughts, **answered)


value = ThinkThenAnswer(RateValue)
action = ThinkThenAnswer(ChooseAction)
