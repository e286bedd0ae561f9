"""Respondents: simulated models, each made of one function of a call."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vad.engines.base import Call, Reply
from vad.engines.simulated import SimulatedEngine

Answer = Callable[[Call], str | Reply]
AnswerWith = Callable[[Answer], None]
"""The fixture `respondent`: has a function answer every run of the test's own process."""

ALWAYS_A = """
import json

def answer(call):
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    return json.dumps({"reasoning": "It comes first.", name: "A"})
"""

LONGEST = "def answer(call):\n    return call.language.longest\n"

BY_SEED = """    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    letter = random.Random(call.seed).choice("ABCDEF")
    return json.dumps({"reasoning": "So.", name: letter})"""

SIDES = """
import json
from vad.engines.base import Reply

def answer(call):
    if call.continuations:
        assert call.prefix.endswith('": "') and not call.constrained
        return Reply("", "probabilities", probabilities=(.4, .2, .1, .05, .03, .02))
    name = "value" if '"value": "' in call.messages[-1]["content"] else "action"
    if not call.constrained and call.seed % 4 == 0:
        return "```json"
    letter = "A" if call.constrained else "B"
    return json.dumps({"reasoning": "x" * (400 if name == "value" else 10), name: letter})
"""
"""A under a constraint, B when free, and then one answer in four is lost."""

BEGINNING = "import json, random\nfrom vad.engines.base import Reply\n\n\ndef answer(call):\n"


def answered_in(patch: pytest.MonkeyPatch) -> AnswerWith:
    """What has a function answer every run of this process, whatever model the run names."""

    def answered_by(answer: Answer) -> None:
        patch.setattr("vad.runs.run.make_engine", lambda *_: SimulatedEngine(answer))

    return answered_by


def respond(root: Path, text: str) -> None:
    """Write the model `sim` of a study: a file that defines `answer(call)`, or that one's body."""
    written = text if "def answer(call):" in text else f"{BEGINNING}{text}\n"
    (root / "experiments" / "sim.py").write_text(written)
