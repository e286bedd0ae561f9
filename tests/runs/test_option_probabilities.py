"""The probabilities of the letters before the mask: the model's own, one call more an answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import SIDES, respond
from tests.helpers.studies import REPOSITORY, ask
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


def test_an_answer_keeps_the_probabilities_of_its_letters_and_pays_for_the_second_call(
    root: Path,
) -> None:
    respond(root, SIDES)
    text = 'model = "sim"\nlimit = 4\n[vary]\ndecoding = ["free", "constrained", "letter"]\n'
    folder = ask(root, "three", text).folder
    rows = read_table(folder, "responses")
    letters = rows[rows["decoding"] == "letter"]
    assert [list(one) for one in letters["probabilities"][:1]] == [
        [0.4, 0.2, 0.1, 0.05, 0.03, 0.02]
    ]
    assert rows[rows["decoding"] != "letter"]["probabilities"].isna().all()
    assert letters["text"].str.contains('"A"}').all(), "the answer's own text, not the other call's"
    calls = read_table(folder, "calls")
    asked_for = calls[calls["finish_reason"] == "probabilities"]
    assert len(asked_for) == len(letters)
    sent = json.loads(asked_for["messages"].iloc[0])
    assert sent[-1]["role"] == "assistant"
    assert sent[-1]["content"].endswith('": "')


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
        load_experiment(study, REPOSITORY / "experiments" / "pocket_quickstart.toml", limit=1)
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
