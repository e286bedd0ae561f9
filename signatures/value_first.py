"""Value first: both questions in one conversation; the action is asked after the value is stated."""

import dspy

from .action import ChooseAction
from .value import RateValue


class ValueThenAction(dspy.Module):
    def __init__(self):
        super().__init__()
        self.rate = dspy.Predict(RateValue)
        self.choose = dspy.Predict(ChooseAction)

    async def aforward(
        self, persona, scenario, value_question, value_options, action_question, action_options
    ):
        rated = await self.rate.acall(
            persona=persona, scenario=scenario, question=value_question, options=value_options
        )
        before = (
            f"{value_question}\n{value_options}\nYou answered: {rated.value}. {rated.reasoning}"
        )
        chosen = await self.choose.acall(
            persona=persona,
            scenario=f"{scenario}\n\n{before}",
            question=action_question,
            options=action_options,
        )
        stated = {"value": rated.value, "value_reasoning": rated.reasoning}
        return dspy.Prediction(**stated, **chosen)


both = ValueThenAction()
