"""Persona first: say where one stands on the dilemma, as whoever one answers as, then answer."""

import dspy

from .action import ChooseAction
from .value import RateValue


class TakeAStand(dspy.Signature):
    """You take part in a psychological study. Say where you stand on what is at issue here, given who
    you are; no choice is asked for yet."""

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    stand: str = dspy.OutputField(desc="one or two sentences", max_length=300)


class StandThenAnswer(dspy.Module):
    def __init__(self, answer):
        super().__init__()
        self.take = dspy.Predict(TakeAStand)
        self.answer = dspy.Predict(answer)

    async def aforward(self, persona, scenario, question, options):
        first = await self.take.acall(persona=persona, scenario=scenario)
        answered = await self.answer.acall(
            persona=f"{persona}\n\nWhere you stand here: {first.stand}".strip(),
            scenario=scenario,
            question=question,
            options=options,
        )
        return dspy.Prediction(stand=first.stand, **answered)


value = StandThenAnswer(RateValue)
action = StandThenAnswer(ChooseAction)
