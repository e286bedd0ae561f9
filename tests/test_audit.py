"""Letters' probabilities before the mask, and what a constraint did to the answers of a run."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vad.analysis.constraint_effects import audit, write_audit
from vad.analysis.results import open_run
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.engines.factory import make_engine
from vad.engines.profiles import load_profile
from vad.runs.conversation import converse
from vad.runs.option_probabilities import option_probabilities
from vad.runs.session import Session
from vad.runs.store.reader import read_table
from vad.study.loader import find_study
from vad.study.models import PUBLISHED

from .conftest import ALWAYS_A, REPOSITORY, Vad

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

THREE = """model = "sim"
repeats = 2
limit = 8
order = "fixed"

[vary]
decoding = ["free", "constrained", "letter"]
"""


@pytest.fixture
def audited(root: Path, vad: Vad) -> Path:
    """A run in three decodings: A under a constraint, B when free, and then one in four is lost."""
    (root / "experiments" / "sim.py").write_text(SIDES)
    (root / "experiments" / "three.toml").write_text(THREE)
    done = vad("run", "three")
    assert done.returncode == 0, done.stderr
    return root / "runs" / "three"


def test_the_audit_tells_a_constrained_answer_from_a_coerced_one(audited: Path) -> None:
    tables = audit(open_run(audited))
    answers = tables["audit_answers"].set_index("decoding")
    rows = read_table(audited, "responses")
    lost = (~rows["valid"]).groupby(rows["decoding"]).sum()
    assert lost["free"] > 0
    assert answers["unreadable"].to_dict() == lost.to_dict()
    assert answers.loc["constrained", "cut"] == 0.5, "every value reasoning, no action's"
    assert answers["cut"].isna()["free"]
    assert tables["audit_kinds"][["decoding", "problem"]].values.tolist() == [["free", "fenced"]]
    mass = tables["audit_mass"].set_index("question")
    assert mass.loc["value", "mean"] == pytest.approx(0.8)
    agreed = tables["audit_agreement"].set_index(["decoding", "and", "question"])["same option"]
    assert agreed["free", "constrained", "value"] == 0
    assert agreed["constrained", "letter", "value"] == 1
    shift = tables["audit_shift"].set_index(["decoding", "figure"])
    assert shift.loc[("constrained", "value: share of option 1"), "difference"] == 1
    assert shift.loc[("letter", "value: mean score"), "difference"] == pytest.approx(0.4)
    assert {"AR", "AD"} <= {name for _, name in shift.index}
    expected = tables["audit_expected"].set_index("question").loc["value"]
    by_hand = (0.4 * 1 + 0.2 * 0.6 + 0.1 * 0.2 - 0.05 * 0.2 - 0.03 * 0.6 - 0.02 * 1) / 0.8
    assert expected["expected"] == pytest.approx(by_hand)
    assert expected["difference"] == pytest.approx(by_hand - 1)
    assert expected["likeliest given"] == 1
    assert expected["given had"] == pytest.approx(0.5)


def test_answers_without_a_reasoning_are_audited_and_none_is_said_to_be_cut(
    root: Path, vad: Vad
) -> None:
    (root / "experiments" / "sim.py").write_text(
        ALWAYS_A.replace('"reasoning": "It comes first.", ', "")
    )
    (root / "experiments" / "three.toml").write_text(
        'program = "letter_only"\n' + THREE.replace(', "letter"', "")
    )
    done = vad("run", "three")
    assert done.returncode == 0, done.stderr
    answers = audit(open_run(root / "runs" / "three"))["audit_answers"]
    assert answers["decoding"].tolist() == ["free", "constrained"]
    assert answers["unreadable"].tolist() == [0, 0]
    assert answers["cut"].isna().all()


def test_an_answer_keeps_the_probabilities_of_its_letters_and_pays_for_the_second_call(
    audited: Path,
) -> None:
    rows = read_table(audited, "responses")
    letters = rows[rows["decoding"] == "letter"]
    assert [list(one) for one in letters["probabilities"][:1]] == [
        [0.4, 0.2, 0.1, 0.05, 0.03, 0.02]
    ]
    assert rows[rows["decoding"] != "letter"]["probabilities"].isna().all()
    assert letters["text"].str.contains('"A"}').all(), "the answer's own text, not the other call's"
    calls = read_table(audited, "calls")
    asked_for = calls[calls["finish_reason"] == "probabilities"]
    assert len(asked_for) == len(letters)
    sent = json.loads(asked_for["messages"].iloc[0])
    assert sent[-1]["role"] == "assistant"
    assert sent[-1]["content"].endswith('": "')


def test_the_audit_prints_its_tables_and_writes_them(audited: Path, vad: Vad) -> None:
    told = vad("audit", str(audited))
    assert told.returncode == 0, told.stderr
    assert "probability on the legal letters before the mask" in told.stdout
    assert len(pd.read_csv(audited / "tables" / "audit_shift.csv")) > 10
    assert write_audit(open_run(audited), {}) == audited / "tables"


def test_a_run_in_one_decoding_has_nothing_to_audit(root: Path, vad: Vad) -> None:
    vad("run", "small")
    told = vad("audit", "runs/small")
    assert told.returncode == 2
    assert 'decoding = ["free", "constrained", "letter"]' in told.stderr


def test_an_engine_without_probabilities_stops_the_run_with_the_reason(
    root: Path, vad: Vad
) -> None:
    path = root / "experiments" / "small.toml"
    path.write_text(f'decoding = "letter"\n{path.read_text()}')
    told = vad("run", "small")
    assert told.returncode == 3
    assert "this engine gives no probabilities" in told.stderr


def test_letter_is_refused_where_an_answer_is_no_json(root: Path, vad: Vad) -> None:
    path = root / "experiments" / "small.toml"
    path.write_text(f'decoding = "letter"\nadapter = "chat"\n{path.read_text()}')
    told = vad("check", "small")
    assert told.returncode == 2
    assert "letters have probabilities where the answer is JSON" in told.stderr


def test_options_that_begin_alike_have_no_probabilities_of_their_own(root: Path, vad: Vad) -> None:
    (root / "signatures" / "alike.py").write_text(
        '"""Alike."""\nfrom typing import Literal\nimport dspy\n\n'
        "class Rate(dspy.Signature):\n    question: str = dspy.InputField()\n"
        '    value: Literal["1", "2", "3", "4", "5", "10"] = dspy.OutputField()\n\n'
        "value = dspy.Predict(Rate)\n"
    )
    path = root / "experiments" / "small.toml"
    path.write_text(f'decoding = "letter"\nprogram = "alike"\n{path.read_text()}')
    told = vad("check", "small")
    assert told.returncode == 2
    assert "differ in their first character; found 1, 2, 3, 4, 5, 10" in told.stderr


@pytest.mark.engine
def test_probabilities_of_the_letters_are_the_models_own_before_the_mask(tmp_path: Path) -> None:
    """Against the whole distribution, computed here from the logits of the same text."""
    import asyncio

    import torch

    study = find_study(REPOSITORY)
    model = load_profile(study, "pocket", "test")
    model = model.model_copy(update={"engine": "transformers", "engine_args": {}})
    plan = make_plan(
        load_experiment(study, REPOSITORY / "experiments" / "quickstart.toml", limit=1)
    )
    engine: Any = make_engine(model, study, "auto", tmp_path / "log")
    one = plan.conversations[0]

    async def go() -> tuple[Session, tuple[float, ...], Any]:
        await engine.start()
        session = Session(engine, one.trials[0].key, PUBLISHED, constrained=True)
        await converse(one, session)
        weights = (await option_probabilities(one, session))[one.trials[0].key]
        call = session.probability_calls[0].call
        ids = engine.tokens.ids(engine.tokens.prompt(call.messages) + call.prefix)
        with torch.no_grad():
            chances = torch.softmax(engine._model(torch.tensor([ids])).logits[0, -1], -1)
        await engine.close()
        return session, weights, chances

    session, weights, chances = asyncio.run(go())
    assert len(weights) == 6
    assert 0.9 < sum(weights) <= 1.0001, "pocket has learned to write a letter there"
    texts = engine.tokens.tokenizer.batch_decode([[n] for n in range(len(chances))])
    for letter, weight in zip("ABCDEF", weights, strict=True):
        begun = [
            n for n, text in enumerate(texts) if text == letter or text.startswith(f'{letter}"')
        ]
        assert weight == pytest.approx(float(chances[begun].sum()), rel=1e-4)
    assert session.probability_calls[0].reply.output_tokens == 1
