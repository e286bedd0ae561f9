"""Seeds: calls made at once are several samples, the same set whichever comes back first."""

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.respondents import respond
from tests.helpers.studies import ask, load, silent
from vad.runs.run import run
from vad.runs.store.reader import read_table

LATE = """
import json, random, time

def answer(call):
    drawn = random.Random(call.seed)
    time.sleep(random.random() / 100)
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    return json.dumps({"reasoning": "So.", name: drawn.choice("ABCDEF")})
"""
"""Answers by the seed, after a time that is another in every run."""

PROGRAM = '''"""Five: five calls at once, {about}."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import dspy

from .action import ChooseAction


class Five(dspy.Module):
    def __init__(self):
        super().__init__()
        self.choose = dspy.Predict(ChooseAction, temperature=1.0)

    def asked(self, given):
        return [dict(given, scenario=given["scenario"] + f" {{n * {different}}}") for n in range(5)]

    {body}


action = Five()
'''

GATHER = """async def aforward(self, persona, scenario, question, options):
        given = dict(persona=persona, scenario=scenario, question=question, options=options)
        drawn = await asyncio.gather(*(self.choose.acall(**one) for one in self.asked(given)))
        return dspy.Prediction(action=drawn[0].action, votes="".join(d.action for d in drawn))"""

THREADS = """def forward(self, persona, scenario, question, options):
        given = dict(persona=persona, scenario=scenario, question=question, options=options)
        with ThreadPoolExecutor(5) as threads:
            drawn = [*threads.map(lambda one: self.choose(**one), self.asked(given))]
        return dspy.Prediction(action=drawn[0].action, votes="".join(d.action for d in drawn))"""

PARALLEL = """def forward(self, persona, scenario, question, options):
        given = dict(persona=persona, scenario=scenario, question=question, options=options)
        pairs = [
            (self.choose, dspy.Example(**one).with_inputs(*one)) for one in self.asked(given)
        ]
        drawn = dspy.Parallel(num_threads=5, disable_progress_bar=True)(pairs)
        return dspy.Prediction(action=drawn[0].action, votes="".join(d.action for d in drawn))"""

WAYS = {"gather": GATHER, "threads": THREADS, "parallel": PARALLEL}


def calls_of(root: Path, name: str, body: str, different: int) -> pd.DataFrame:
    """The calls of the action question, five a trial."""
    respond(root, LATE)
    text = PROGRAM.format(about="whatever way", body=body, different=different)
    (root / "signatures" / "five.py").write_text(text)
    settings = (
        'model = "sim"\nprogram = "five"\nlimit = 2\nrepeats = 1\nformat = "explicit"\n'
        '[only]\npersonas = ["maximal_1"]\n'
    )
    # In a folder of its own: a run takes over what its neighbours answered.
    folder = run(load(root, name, settings), root / name, False, silent).folder
    calls = read_table(folder, "calls")
    return calls[calls["temperature"] == 1.0].assign(
        trial=lambda one: one["trials"].map(lambda keys: keys[0])
    )


def sets(calls: pd.DataFrame) -> dict[str, list[tuple[str, int, str]]]:
    """By trial, in no order: what was asked last, the seed, the answer."""
    return {
        str(trial): sorted(zip(own["messages"], own["seed"], own["text"], strict=True))
        for trial, own in calls.groupby("trial")
    }


@pytest.mark.parametrize("way", WAYS)
def test_five_different_prompts_at_once_get_the_same_seeds_in_every_run(
    root: Path, way: str
) -> None:
    first = sets(calls_of(root, f"{way}_1", WAYS[way], 1))
    again = sets(calls_of(root, f"{way}_2", WAYS[way], 1))
    assert first == again
    assert all(len({seed for _, seed, _ in one}) == 5 for one in first.values())


@pytest.mark.parametrize("way", WAYS)
def test_five_equal_prompts_at_once_are_five_samples_the_same_in_every_run(
    root: Path, way: str
) -> None:
    first = sets(calls_of(root, f"{way}_1", WAYS[way], 0))
    again = sets(calls_of(root, f"{way}_2", WAYS[way], 0))
    assert first == again
    assert all(len({seed for _, seed, _ in one}) == 5 for one in first.values())


def test_a_conversation_of_one_call_keeps_the_trials_own_seed(root: Path) -> None:
    respond(root, LATE)
    folder = ask(root, "one", 'model = "sim"\nlimit = 2\nrepeats = 2\n').folder
    calls = read_table(folder, "calls")
    keys = calls["trials"].map(lambda keys: int(keys[0], 16) % 2**31)
    assert (calls["seed"] == keys).all()
