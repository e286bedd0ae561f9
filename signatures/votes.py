"""Votes: five answers to one prompt; the majority counts, its margin over the runner-up is kept."""

from collections import Counter

import dspy

from .action import ChooseAction
from .value import RateValue

SAMPLES = 5


class Vote(dspy.Module):
    def __init__(self, answer, field):
        super().__init__()
        self.answer = dspy.Predict(answer)
        self.field = field

    async def aforward(self, persona, scenario, question, options):
        asked = {"persona": persona, "scenario": scenario, "question": question, "options": options}
        drawn = [await self.answer.acall(**asked) for _ in range(SAMPLES)]
        letters = [one[self.field] for one in drawn]
        # The letters of a tie stand in the order they were drawn in: the first drawn wins.
        (first, most), *rest = Counter(letters).most_common()
        margin = (most - (rest[0][1] if rest else 0)) / SAMPLES
        chosen = drawn[letters.index(first)]
        return dspy.Prediction(**chosen, votes="".join(letters), margin=margin)


value = Vote(RateValue, "value")
action = Vote(ChooseAction, "action")
