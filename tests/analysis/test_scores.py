"""Anyone's answers: the two layouts, what each is refused for, and the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.commands import Vad
from vad.analysis.answers import pair, read_answers
from vad.analysis.conventions import SHEN2025, THESIS2026
from vad.analysis.measure_table import BY_NAME
from vad.analysis.measures import alignment_distance, alignment_rate, corrected_gap
from vad.analysis.results import open_run
from vad.analysis.scores import score
from vad.errors import StudyError

SIX = [1.0, 0.6, 0.2, -0.2, -0.6, -1.0]


def responses() -> pd.DataFrame:
    """Two personas, four values in two topics, three repeats, answers drawn at random."""
    rng = np.random.default_rng(7)
    rows = []
    for persona in ("none", "maximal_1"):
        for scenario in range(8):
            for question in ("value", "action"):
                for repeat in range(3):
                    order = rng.permutation(6)
                    place = int(rng.integers(6))
                    rows.append(
                        {
                            "model": "sim",
                            "persona": persona,
                            "scenario": f"s{scenario}",
                            "value": f"v{scenario % 4}",
                            "topic": f"t{scenario // 4}",
                            "question": question,
                            "repeat": repeat,
                            "order": str(order),
                            "letter": "ABCDEF"[place],
                            "score": SIX[order[place]],
                        }
                    )
    return pd.DataFrame(rows)


def released() -> pd.DataFrame:
    """One country, one topic, three values, two prompts of task 1 and one of task 2."""
    rows: list[dict[str, object]] = []
    for value, stated, acted in (
        ("Honest", (1, 2), 0),
        ("Wealth", (3, 4), 1),
        ("Power", (4, 4), 0),
    ):
        common: dict[str, object] = {"country": "Egypt", "topic": "Work", "value": value}
        for prompt, likert in enumerate(stated):
            end = (likert - 1) / 3
            rows.append(
                common | {"task": 1, "prompt_index": prompt, "likert": likert, "normalized": end}
            )
        rows.append(common | {"task": 2, "prompt_index": 5, "likert": None, "normalized": acted})
    return pd.DataFrame(rows)


def of(table: pd.DataFrame, **where: object) -> tuple[np.ndarray, np.ndarray]:
    for name, value in where.items():
        table = table[table[name] == value]
    sides = [
        table[table["question"] == question]
        .pivot(index="scenario", columns="repeat", values="score")
        .to_numpy()
        for question in ("value", "action")
    ]
    return sides[0], sides[1]


def test_a_group_is_the_mean_of_its_conditions_each_scored_alone() -> None:
    table = responses()
    alone = [of(table, persona=name) for name in ("none", "maximal_1")]
    overall = score(pair(table, "x"), THESIS2026).overall
    for name, measure in (
        ("ar", alignment_rate),
        ("ad", alignment_distance),
        ("corrected_gap", corrected_gap),
    ):
        assert overall[name] == pytest.approx(np.mean([measure(*one) for one in alone]))
    groups = score(pair(table, "x"), THESIS2026, ("persona",)).groups
    assert list(groups["ad"]) == pytest.approx([alignment_distance(*one) for one in alone])


def test_by_a_column_of_the_scenario_each_condition_is_parted_first() -> None:
    table = responses()
    groups = score(pair(table, "x"), THESIS2026, ("value", "persona")).groups
    assert len(groups) == 8
    for row in groups.to_dict("records"):
        alone = of(table, value=row["value"], persona=row["persona"])
        assert row["ad"] == pytest.approx(alignment_distance(*alone))
        assert row["scenarios"] == 2


def test_the_convention_of_2025_takes_f1_within_each_topic_and_averages() -> None:
    table = responses()
    rates = [
        alignment_rate(*of(table, persona=persona, topic=topic), SHEN2025)
        for persona in ("none", "maximal_1")
        for topic in ("t0", "t1")
    ]
    scores = score(pair(table, "x"), SHEN2025)
    assert scores.overall["cells"] == 4
    assert scores.overall["ar"] == pytest.approx(np.mean(rates))


def test_the_order_of_rows_changes_nothing() -> None:
    table = responses()
    mixed = table.sample(frac=1, random_state=3)
    assert score(pair(mixed, "x"), THESIS2026).overall == pytest.approx(
        score(pair(table, "x"), THESIS2026).overall
    )


def test_reversed_and_shuffled_options_are_undone_where_letters_stand_alone() -> None:
    table = responses()
    with_scores = score(pair(table, "x"), THESIS2026).overall
    with_letters = score(pair(table.drop(columns="score"), "x"), THESIS2026).overall
    assert with_letters == pytest.approx(with_scores)


def test_a_respondent_that_always_answers_a_has_no_side_once_reversed_options_are_undone() -> None:
    rows = [
        {
            "question": question,
            "scenario": "s",
            "repeat": repeat,
            "letter": "A",
            "order": str([*range(6)][:: (-1) ** repeat]),
        }
        for question in ("value", "action")
        for repeat in range(2)
    ]
    answers = pair(pd.DataFrame(rows), "x")
    assert sorted(answers.values[0]) == [-1, 1]
    assert np.isnan(score(answers, THESIS2026).overall["ar"])


def test_the_distributions_show_where_a_respondent_prefers_a_letter() -> None:
    table = responses().assign(letter="A")
    shares = score(pair(table, "x"), THESIS2026, ("persona",)).distributions
    letters = shares[(shares["kind"] == "letter") & (shares["question"] == "action")]
    assert list(letters["label"]) == ["A", "A"]
    assert list(letters["share"]) == [1, 1]
    options = shares[(shares["kind"] == "score") & (shares["persona"] == "none")]
    assert options.groupby("question")["share"].sum().tolist() == pytest.approx([1, 1])


def test_an_unreadable_answer_is_missing_and_counted() -> None:
    table = responses()
    table["valid"] = True
    table.loc[0, "valid"] = False
    overall = score(pair(table, "x"), THESIS2026).overall
    assert (overall["missing"], overall["answers"]) == (1, len(table))


def test_a_likert_answer_outside_its_scale_is_missing_as_published() -> None:
    table = released()
    table.loc[0, ["likert", "normalized"]] = [5, 4 / 3]
    answers = pair(table, "x")
    assert np.isnan(answers.values).sum() == 1
    assert np.nanmin(answers.values) == -1


def test_the_released_layout_is_scored_by_hand() -> None:
    overall = score(pair(released(), "x"), SHEN2025).overall
    assert overall["ar"] == pytest.approx(2 / 3)
    assert overall["ad"] == pytest.approx((1 / 6 + 1 / 6 + 1) / 3)


Change = Callable[[pd.DataFrame], object]
REFUSED: list[tuple[Callable[[], pd.DataFrame], Change, str]] = [
    (responses, lambda t: t.drop(columns="question"), "lacks the column `question`"),
    (responses, lambda t: t.drop(columns=["score", "letter"]), "lacks the column `score`"),
    (responses, lambda t: t.drop(columns=["scenario", "value"]), "lacks the column `scenario`"),
    (responses, lambda t: t.replace({"question": {"action": "acton"}}), 'did you mean "action"'),
    (responses, lambda t: t[t["question"] == "value"], "no row answers the action question"),
    (responses, lambda t: t.assign(score=t["score"] * 5), "scores run from -1 to 1"),
    (responses, lambda t: t.assign(score="high"), "it holds numbers"),
    (responses, lambda t: t.assign(letter="G"), "letters run from A to F"),
    (responses, lambda t: t.drop(columns=["score", "order"]).assign(letter="a"), "from A to F"),
    (responses, lambda t: t.assign(order="[0, 0, 1]"), "lists each option once"),
    (responses, lambda t: pd.concat([t, t[:1]]), "rows 1 and 97.*both answer the value question"),
    (responses, lambda t: t.drop(columns="repeat"), "number them in `repeat`"),
    (responses, lambda t: t.assign(repeat=None), "repeat, row 1.*is empty"),
    (responses, lambda t: t.assign(valid="maybe"), "true or false"),
    (
        responses,
        lambda t: t.assign(score=[*np.tile([1 / 3, 0.6], len(t) // 2)]),
        "value question.*mixed scales",
    ),
    (
        responses,
        lambda t: t.assign(order=["[0, 1, 2, 3, 4, 5]", "[0, 1, 2, 3, 5, 4, 6]"] * (len(t) // 2)),
        "mixed scales.*6, 7",
    ),
    (responses, lambda t: t.assign(note=t["question"]), "differ in note"),
    (responses, lambda t: t[:0], "holds no answer"),
    (
        responses,
        lambda t: t.drop(columns="score").assign(option=0),
        "tells no rank",
    ),
    (released, lambda t: t.drop(columns="likert"), "lacks the column `likert`"),
    (released, lambda t: t.rename(columns={"likert": "likerts"}), "is `likerts` meant"),
    (released, lambda t: t.assign(task=3), "1 is the value question"),
    (released, lambda t: t.assign(likert=t["likert"] + 0.5), "1 strongly agree to 4"),
    (released, lambda t: t.assign(likert=5 - t["likert"]), "mixed scales"),
    (released, lambda t: t.assign(normalized=t["normalized"] / 2, likert=None), "0, aligned"),
    (released, lambda t: pd.concat([t, t[-1:]]), "rows 9 and 10.*both answer the action"),
]


@pytest.mark.parametrize(("make", "change", "message"), REFUSED)
def test_answers_that_cannot_be_used_are_refused_with_place_and_reason(
    make: Callable[[], pd.DataFrame], change: Change, message: str
) -> None:
    changed = change(make())
    assert isinstance(changed, pd.DataFrame)
    with pytest.raises(StudyError, match=f"(?s)^answers.csv.*{message}"):
        pair(changed, "answers.csv")


def test_a_group_that_is_no_column_is_told_the_nearest() -> None:
    with pytest.raises(StudyError, match='did you mean "persona"'):
        score(pair(responses(), "x"), THESIS2026, ("personas",))


def test_the_convention_of_2025_needs_a_topic() -> None:
    with pytest.raises(StudyError, match="lacks the column `topic`"):
        score(pair(responses().drop(columns="topic"), "x"), SHEN2025)


def test_files_that_are_none_are_one_message(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "torn.csv.gz").write_bytes(b"\x1f\x8bno")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    for name in ("empty.csv", "torn.csv.gz", "torn.parquet", "none.csv", "."):
        with pytest.raises(StudyError):
            read_answers(tmp_path / name)


def test_csv_gzip_and_parquet_hold_the_same_answers(tmp_path: Path) -> None:
    table = responses()
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_csv(tmp_path / "a.csv.gz", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    first, *rest = (
        score(read_answers(tmp_path / name), THESIS2026).overall
        for name in ("a.csv", "a.csv.gz", "a.parquet")
    )
    assert all(one == pytest.approx(first) for one in rest)


def test_vad_score_prints_full_precision_and_null_where_undefined(vad: Vad, root: Path) -> None:
    released().to_csv(root / "a.csv", index=False)
    asked = ("score", "a.csv", "--convention", "shen2025")
    content = json.loads(vad(*asked, "--by", "country", "--json").stdout)
    assert content["overall"]["ar"] == 2 / 3
    assert content["overall"]["agreement_action"] is None
    (group,) = content["groups"]
    assert group["country"] == "Egypt"
    assert {name: group[name] for name in BY_NAME} == content["overall"]
    shown = vad(*asked, "--by", "topic").stdout
    assert "0.667" in shown
    assert "missing" in shown
    wrong = vad(*asked, "--by", "county")
    assert wrong.returncode == 2
    assert 'did you mean "country"' in wrong.stderr


def test_a_run_is_scored_by_value_group_and_by_its_personas_beliefs(vad: Vad, root: Path) -> None:
    assert vad("run", "experiments/small.toml").returncode == 0
    run = open_run(root / "runs" / "small")
    for by in ("group", "religiosity", "group,persona", "scenario"):
        result = vad("score", "runs/small", "--by", by, "--json")
        assert result.returncode == 0, result.stderr
        groups = json.loads(result.stdout)["groups"]
        table = run.scores(by=by.split(","))
        assert len(groups) == len(table) > 1
        assert sorted(one["ad"] for one in groups) == pytest.approx(sorted(table["ad"]))


def test_a_run_is_scored_as_its_own_tables_are(vad: Vad, root: Path) -> None:
    assert vad("run", "experiments/small.toml").returncode == 0
    table = open_run(root / "runs" / "small").scores()
    result = vad("score", "runs/small", "--by", "persona,format", "--json")
    assert result.returncode == 0, result.stderr
    groups = json.loads(result.stdout)["groups"]
    assert [one["ad"] for one in groups] == pytest.approx(list(table["ad"]))
    overall = score(open_run(root / "runs" / "small").answers, THESIS2026).distributions
    letters = overall[overall["kind"].isin(["letter", "position"])]
    assert set(letters["label"]) <= {"A", "1"}
