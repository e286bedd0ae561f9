"""Answering: an answer in another field, or one that follows in Python, is declared."""

from pathlib import Path

from tests.helpers.commands import Vad
from tests.helpers.studies import ask
from vad.runs.store.reader import read_table

DISTRIBUTION = '''"""Spread: how likely each action is; the likeliest is the answer."""

from typing import Annotated, Literal

import dspy
from pydantic import Field

import vad

Letters = Literal["A", "B", "C", "D", "E", "F"]


class Spread(dspy.Signature):
    """Say how likely you are to do each."""

    persona: str = dspy.InputField()
    scenario: str = dspy.InputField()
    question: str = dspy.InputField()
    options: str = dspy.InputField()
    spread: dict[Letters, Annotated[int, Field(ge=0, le=100)]] = dspy.OutputField()


class Likeliest(dspy.Module):
    def __init__(self):
        super().__init__()
        self.spread = dspy.Predict(Spread)

    async def aforward(self, **given):
        found = await self.spread.acall(**given)
        return dspy.Prediction(action=max("ABCDEF", key=found.spread.get), spread=found.spread)


action = Likeliest()
'''

CHOICE = '''"""Choice: the field of the answer is called choice, and the value is an input."""

from typing import Literal

import dspy

import vad


class Choose(dspy.Signature):
    """Say how far you agree."""

    value: str = dspy.InputField()
    question: str = dspy.InputField()
    options: str = dspy.InputField()
    choice: Literal["A", "B", "C", "D", "E", "F"] = dspy.OutputField()


value = vad.answering(dspy.Predict(Choose), "choice")
'''

SPREAD = """
import json

def answer(call):
    if '"spread"' in call.messages[-1]["content"]:
        return json.dumps({"spread": dict(zip("ABCDEF", (1, 2, 50, 3, 4, 5)))})
    if '"choice"' in call.messages[-1]["content"]:
        return json.dumps({"choice": "B"})
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    return json.dumps({"reasoning": "So.", name: "A"})
"""


def test_an_answer_that_follows_in_python_is_refused_with_the_line_that_declares_it(
    root: Path, vad: Vad
) -> None:
    text = DISTRIBUTION.replace("**given):", "persona, scenario, question, options):").replace(
        "(**given)",
        "(persona=persona, scenario=scenario, question=question, options=options)",
    )
    (root / "signatures" / "spread.py").write_text(text)
    (root / "experiments" / "sim.py").write_text(SPREAD)
    settings = 'model = "sim"\nprogram = "spread"\nlimit = 2\nrepeats = 2\n'
    (root / "experiments" / "x.toml").write_text(settings)
    refused = vad("check", "x")
    assert refused.returncode == 2
    assert "vad.answering(..., 'action'" in refused.stderr
    declared = text.replace("= Likeliest()", '= vad.answering(Likeliest(), "action", Letters)')
    (root / "signatures" / "spread.py").write_text(declared)
    rows = read_table(ask(root, "x", settings).folder, "responses")
    mine = rows[rows["question"] == "action"]
    assert mine["valid"].all()
    assert set(mine["letter"]) == {"C"}


def test_an_answers_field_may_bear_another_name_and_an_input_be_called_value(root: Path) -> None:
    (root / "signatures" / "choice.py").write_text(CHOICE)
    (root / "experiments" / "sim.py").write_text(SPREAD)
    settings = 'model = "sim"\nprogram = "choice"\nlimit = 2\nrepeats = 2\n'
    rows = read_table(ask(root, "x", settings).folder, "responses")
    mine = rows[rows["question"] == "value"]
    assert mine["valid"].all()
    assert set(mine["letter"]) == {"B"}
