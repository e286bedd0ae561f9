"""Reading: a file that can be read in two ways is refused or comes out as it was planted."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.commands import Vad
from vad.analysis.answers import Answers, read_answers
from vad.analysis.conventions import THESIS2026
from vad.analysis.scales import parse_scales
from vad.analysis.scores import score
from vad.errors import StudyError

many = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
seeds = st.integers(0, 2**32 - 1)


def planted(seed: int, options: tuple[int, int], agreeing: bool = False) -> pd.DataFrame:
    """Two personas, twenty scenarios, a rank a question out of so many options, and its score."""
    rng = np.random.default_rng(seed)
    rows = []
    for persona in ("p", "q"):
        for scenario in range(20):
            for question, count in zip(("value", "action"), options, strict=True):
                rank = int(rng.integers(count // 2 if agreeing else count))
                rows.append((persona, f"s{scenario}", question, rank, 1 - 2 * rank / (count - 1)))
    return pd.DataFrame(rows, columns=["persona", "scenario", "question", "rank", "planted"])


def write(table: pd.DataFrame, folder: Path) -> Path:
    table.to_csv(folder / "x.csv", index=False)
    return folder / "x.csv"


def assert_right_or_refused(path: Path, scores: "pd.Series[float]", line: str) -> None:
    read = read_or_refusal(path)
    if isinstance(read, StudyError):
        assert line in str(read)
    else:
        assert read.rows["score"].tolist() == pytest.approx(scores.tolist())
        assert read.conditions == ["persona"]


def read_or_refusal(path: Path) -> Answers | StudyError:
    try:
        return read_answers(path)
    except StudyError as error:
        return error


@many
@given(seed=seeds, options=st.tuples(st.integers(2, 6), st.integers(2, 6)), agreeing=st.booleans())
def test_letters_of_any_scale_come_out_as_planted_or_are_refused(
    tmp_path: Path, seed: int, options: tuple[int, int], agreeing: bool
) -> None:
    table = planted(seed, options, agreeing)
    table["letter"] = ["ABCDEF"[rank] for rank in table["rank"]]
    path = write(table.drop(columns=["rank", "planted"]), tmp_path)
    assert_right_or_refused(path, table["planted"], "write --scale ")
    last = ["ABCDEF"[count - 1] for count in options]
    read = read_answers(path, parse_scales(f"value=A..{last[0]}, action=A..{last[1]}"))
    assert read.rows["score"].tolist() == pytest.approx(table["planted"].tolist())
    reversed_ = read_answers(path, parse_scales(f"value={last[0]}..A,action={last[1]}..A"))
    assert reversed_.rows["score"].tolist() == pytest.approx((-table["planted"]).tolist())


@many
@given(
    seed=seeds,
    options=st.tuples(st.integers(2, 7), st.integers(2, 7)),
    agreeing=st.booleans(),
    unit=st.tuples(st.booleans(), st.booleans()),
)
def test_scores_from_zero_to_one_come_out_as_planted_or_are_refused(
    tmp_path: Path, seed: int, options: tuple[int, int], agreeing: bool, unit: tuple[bool, bool]
) -> None:
    table = planted(seed, options, agreeing and not any(unit))
    on_unit = table["question"].map(dict(zip(("value", "action"), unit, strict=True)))
    table["score"] = table["planted"].where(~on_unit, (table["planted"] + 1) / 2)
    path = write(table.drop(columns=["rank", "planted"]), tmp_path)
    assert_right_or_refused(path, table["planted"], "write --scale ")
    told = ",".join(
        f"{name}={'1..0' if zero else '1..-1'}"
        for name, zero in zip(("value", "action"), unit, strict=True)
    )
    read = read_answers(path, parse_scales(told))
    assert read.rows["score"].tolist() == pytest.approx(table["planted"].tolist(), abs=1e-6)


CHANCE = {
    "latency in seconds": lambda rng, n: rng.integers(1, 4, n),
    "exact latency": lambda rng, n: rng.random(n).round(3),
    "tokens": lambda rng, n: rng.integers(10, 60, n),
    "id": lambda rng, n: np.arange(n),
    "timestamp": lambda rng, n: [f"2026-01-0{1 + one}T10:00:00" for one in rng.integers(9, size=n)],
    "raw text": lambda rng, n: [f"I choose {'ABCDEF'[one]}." for one in rng.integers(6, size=n)],
    "finish": lambda rng, n: np.where(rng.random(n) < 0.05, "length", "stop"),
    "coin": lambda rng, n: rng.integers(2, size=n),
    "server": lambda rng, n: [f"gpu{one}" for one in rng.integers(4, size=n)],
    "request": lambda rng, n: [f"r{one:08x}" for one in rng.integers(2**31, size=n)],
}


@many
@given(
    seed=seeds,
    name=st.sampled_from([*CHANCE]),
    wordings=st.integers(1, 3),
    repeats=st.integers(1, 3),
)
def test_a_column_that_came_with_the_answer_changes_no_figure(
    tmp_path: Path, seed: int, name: str, wordings: int, repeats: int
) -> None:
    rng = np.random.default_rng(seed)
    table = pd.concat(
        planted(seed + 7 * one + many_, (6, 6)).assign(wording=f"w{one}", repeat=many_)
        for one in range(wordings)
        for many_ in range(repeats)
    ).reset_index(drop=True)
    table = table.rename(columns={"planted": "score"}).drop(columns="rank")
    right = score(read_answers(write(table, tmp_path)), THESIS2026).overall
    drawn: Any = CHANCE[name]
    table[name] = drawn(rng, len(table))
    path = write(table, tmp_path)
    read = read_or_refusal(path)
    if isinstance(read, StudyError):
        assert f"--conditions persona,wording,{name} if it is" in str(read)
        read = read_answers(path, conditions=["persona", "wording"])
    else:
        assert set(read.conditions) - {name} == {"persona", "wording"}
        assert name in read.reading.left_aside or table[name].nunique() == 1
    assert score(read, THESIS2026).overall == pytest.approx(right, nan_ok=True)


@given(seed=seeds, lost=st.integers(0, 4))
@many
def test_a_condition_by_any_name_is_one_though_some_rows_were_lost(
    tmp_path: Path, seed: int, lost: int
) -> None:
    table = pd.concat(planted(seed + one, (6, 6)).assign(heat=one) for one in (0, 1, 2))
    table = table.rename(columns={"planted": "score"}).drop(columns="rank")
    rows = table.sample(n=len(table) - lost, random_state=seed)
    assert read_answers(write(rows, tmp_path)).conditions == ["persona", "heat"]


def test_what_describes_scenario_or_persona_splits_no_figure(tmp_path: Path) -> None:
    table = planted(3, (6, 6)).rename(columns={"planted": "score"}).drop(columns="rank")
    right = score(read_answers(write(table, tmp_path)), THESIS2026).overall
    table["dilemma"] = "Text of " + table["scenario"]
    table["party"] = table["persona"].map({"p": "left", "q": "right"})
    read = read_answers(write(table, tmp_path))
    assert read.conditions == ["persona", "party"]
    assert read.reading.left_aside == {"dilemma": "no two scenarios share one of it"}
    assert score(read, THESIS2026).overall == pytest.approx(right, nan_ok=True)


def test_a_column_that_may_count_repeats_is_refused(tmp_path: Path) -> None:
    table = pd.concat(planted(one, (6, 6)).assign(sample=one) for one in range(3))
    table = table.rename(columns={"planted": "score"}).drop(columns="rank")
    with pytest.raises(StudyError, match=r"may count repeats.*\n.*rename it `repeat`, or write"):
        read_answers(write(table, tmp_path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A-F", 'found "A-F"'),
        ("A..A", 'found "A..A"'),
        ("A..1", 'found "A..1"'),
        ("valu=A..D", 'did you mean "value"'),
        ("A..D,value=A..F", "two scales"),
        ("", 'found ""'),
    ],
)
def test_a_scale_that_is_none_is_refused_with_one_that_is(text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        parse_scales(text)


def test_vad_score_says_how_it_read_a_file(vad: Vad, root: Path) -> None:
    table = planted(3, (4, 2))
    table["letter"] = ["ABCD"[rank] for rank in table["rank"]]
    table["latency"] = np.random.default_rng(1).integers(1, 4, len(table))
    write(table.drop(columns=["rank", "planted"]), root)
    refused = vad("score", "x.csv")
    assert refused.returncode == 2
    assert "write --scale value=A..D,action=A..B or" in refused.stderr
    shown = vad("score", "x.csv", "--scale", "value=A..D,action=A..B").stdout
    for said in (
        "x.csv: CSV with commas, UTF-8, 80 answers",
        "value: letter A (1, agree) to D (-1, disagree)",
        "action: letter A (1, aligned) to B (-1, opposed)",
        "persona (2)",
        "latency: differs between the two questions",
    ):
        assert said in shown
    wrong = vad("score", "x.csv", "--scale", "A..D", "--conditions", "person")
    assert wrong.returncode == 2
    assert 'did you mean "persona"' in wrong.stderr
