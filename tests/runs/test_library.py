"""The library: guaranteed answers from any DSPy program, wherever DSPy may be called from."""

import asyncio
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import dspy
import pandas as pd
import pytest

import vad

BY_SEED = """
import json, random, time

def answer(call):
    drawn = random.Random(call.seed)
    time.sleep(drawn.random() / 200)
    return json.dumps({"mood": drawn.choice(["good", "bad"]), "sure": drawn.randint(0, 100)})
"""
"""A respondent whose answer follows from the call's seed, and which answers out of order."""


class Mood(dspy.Signature):
    """Say which mood the sentence is in, and how sure you are."""

    sentence: str = dspy.InputField()
    mood: Literal["good", "bad"] = dspy.OutputField()
    sure: int = dspy.OutputField(ge=0, le=100)


ROWS = [{"sentence": f"Sentence {number}."} for number in range(12)]


@pytest.fixture
def lm(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "by_seed.py").write_text(BY_SEED)
    with vad.engine(tmp_path / "by_seed.py", engine="simulated", seed=3) as own:
        yield own


def answers(one: dspy.Prediction) -> tuple[str, int]:
    return one.mood, one.sure


def test_a_program_answers_in_plain_code_in_async_code_and_in_a_running_loop(lm: Any) -> None:
    with dspy.context(lm=lm, adapter=vad.Adapter()):
        tell = dspy.Predict(Mood)
        assert tell(sentence="A.").mood in ("good", "bad")

        async def notebook() -> tuple[Any, Any]:
            return tell(sentence="B."), await tell.acall(sentence="C.")

        plain, awaited = asyncio.run(notebook())
        assert {plain.mood, awaited.mood} <= {"good", "bad"}


def test_it_answers_under_evaluate_parallel_best_of_n_and_usage_tracking(lm: Any) -> None:
    with dspy.context(lm=lm, adapter=vad.Adapter(), track_usage=True):
        tell = dspy.Predict(Mood)
        examples = [dspy.Example(**row).with_inputs("sentence") for row in ROWS]
        found = dspy.Evaluate(devset=examples, metric=lambda *_: 1.0, num_threads=8)(tell)
        assert found.score == 100
        many = dspy.Parallel(num_threads=4, disable_progress_bar=True)(
            [(tell, e) for e in examples]
        )
        assert all(one.mood in ("good", "bad") for one in many)
        best = dspy.BestOfN(tell, N=3, reward_fn=lambda _, got: got.sure / 100, threshold=1.0)
        one = best(sentence="A.")
        assert one.mood in ("good", "bad")
        assert tell(sentence="B.").get_lm_usage()


def test_it_answers_in_threads_of_ones_own_once_dspy_is_configured(lm: Any) -> None:
    with dspy.context(lm=lm, adapter=vad.Adapter()):
        tell = dspy.Predict(Mood)
        tell.lm = lm

        def ask(row: dict[str, str]) -> str:
            with dspy.context(adapter=vad.Adapter()):
                return str(tell(**row).mood)

        with ThreadPoolExecutor(4) as threads:
            assert {*threads.map(ask, ROWS)} <= {"good", "bad"}


def test_the_same_request_again_is_another_sample_and_the_samples_are_the_same_every_time(
    tmp_path: Path,
) -> None:
    (tmp_path / "by_seed.py").write_text(BY_SEED)

    def five() -> list[tuple[str, int]]:
        with (
            vad.engine(tmp_path / "by_seed.py", engine="simulated") as own,
            dspy.context(lm=own, adapter=vad.Adapter()),
        ):
            tell = dspy.Predict(Mood)

            async def at_once() -> list[Any]:
                return list(await asyncio.gather(*(tell.acall(sentence="A.") for _ in range(5))))

            return sorted(map(answers, asyncio.run(at_once())))

    first = five()
    assert len(set(first)) > 1
    assert first == five()


def test_rows_in_a_table_out_alike_whatever_comes_back_first(lm: Any) -> None:
    table = pd.DataFrame(ROWS, index=range(100, 112)).assign(note="kept")
    done: list[int] = []
    found = vad.answer(dspy.Predict(Mood), table, lm, show=lambda n, _: done.append(n))
    assert list(found.index) == list(table.index)
    assert list(found["note"]) == ["kept"] * 12
    assert found["problem"].isna().all()
    assert done == list(range(1, 13))
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    again = vad.answer(dspy.Predict(Mood), shuffled, lm, show=lambda *_: None)
    expected = found.set_index("sentence")["sure"]
    assert again.set_index("sentence")["sure"].to_dict() == expected.to_dict()


def test_what_a_record_holds_is_not_asked_again(tmp_path: Path, lm: Any) -> None:
    record = tmp_path / "record"
    first = vad.answer(dspy.Predict(Mood), ROWS[:5], lm, record=record, show=lambda *_: None)
    asked: list[int] = []
    whole = vad.answer(
        dspy.Predict(Mood), ROWS, lm, record=record, show=lambda n, _: asked.append(n)
    )
    assert len(asked) == 7
    assert list(whole["sure"][:5]) == list(first["sure"])


def test_a_check_says_what_is_proved_and_refuses_an_output_without_end(lm: Any) -> None:
    class Endless(dspy.Signature):
        """."""

        sentence: str = dspy.InputField()
        words: str = dspy.OutputField()

    found = vad.check(dspy.Predict(Mood), lm, ROWS[0])
    assert (found.calls, found.paths) == (1, 1)
    assert found.max_tokens == found.longest_answer + 1
    assert "checked at each call" in str(found)
    with pytest.raises(vad.StudyError, match="max_length"):
        vad.check(dspy.Predict(Endless), lm)


def test_a_program_that_breaks_is_named_and_no_answer_is_blamed(lm: Any) -> None:
    class Broken(dspy.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tell = dspy.Predict(Mood)

        async def aforward(self, sentence: str) -> dspy.Prediction:
            got = await self.tell.acall(sentence=sentence)
            return dspy.Prediction(mood=got.moood)

    with pytest.raises(vad.ProgramFault, match="moood"):
        vad.answer(Broken(), ROWS, lm, show=lambda *_: None)


def test_calls_are_kept_as_parquet_where_a_record_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "by_seed.py").write_text(BY_SEED)
    record = tmp_path / "record"
    with vad.engine(tmp_path / "by_seed.py", engine="simulated", record=record) as own:
        vad.answer(dspy.Predict(Mood), ROWS, own, show=lambda *_: None)
    calls = pd.read_parquet(record / "calls")
    assert len(calls) == len(ROWS)
    assert calls["messages"].str.contains("Sentence 7.").sum() == 1
