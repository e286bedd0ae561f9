"""Comparisons of whole runs: what is paired with what, labelled how, and missing where."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu

from tests.helpers.commands import Vad
from tests.helpers.run_folders import persona, random_scores, rows, write_run
from vad.analysis.comparisons import compare
from vad.analysis.measures import Array, alignment_distance
from vad.errors import StudyError

NAN = float("nan")
GROUPS = {"v0": "openness", "v1": "conservation"}


def answers(seed: int, scenarios: int = 24, missing: float = 0.0) -> tuple[Array, Array]:
    return (
        random_scores(2 * seed, scenarios, missing=missing),
        random_scores(2 * seed + 1, scenarios, missing=missing),
    )


def column(*scores: float) -> Array:
    return np.array(scores)[:, None]


def only(table: pd.DataFrame, **wanted: Any) -> dict[str, Any]:
    """The one row with these labels; over all scenarios and for AD if nothing else is said."""
    for name, value in ({"within": "all", "measure": "AD"} | wanted).items():
        table = table[table[name] == value]
    (row,) = table.to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_a_difference_in_distance_by_hand(tmp_path: Path) -> None:
    said = column(1, 1, -1)
    run = write_run(
        tmp_path / "run",
        rows(said, column(1, -1, 0.2)),  # distances 0, 2, 1.2
        persona("moderate_1", said, column(0.6, 0.6, -1)),  # .4, .4, 0
    )
    row = only(compare([run], GROUPS), factor="category")
    assert (row["level"], row["reference"], row["family"]) == ("moderate", "baseline", "primary")
    assert row["figure"] == pytest.approx(0.8 / 3)
    assert row["reference_figure"] == pytest.approx(3.2 / 3)
    assert row["difference"] == pytest.approx(-2.4 / 3)
    assert (row["scenarios"], row["missing"]) == (3, 0)


def test_a_scenario_missing_on_one_side_is_dropped_on_both(tmp_path: Path) -> None:
    said = column(1, 1, -1)
    run = write_run(
        tmp_path / "run",
        rows(said, column(1, -1, 0.2)),
        persona("moderate_1", said, column(0.6, NAN, -1)),
    )
    row = only(compare([run], GROUPS), factor="persona")
    assert row["reference_figure"] == pytest.approx(0.6)
    assert row["difference"] == pytest.approx(0.2 - 0.6)
    assert (row["scenarios"], row["missing"]) == (2, 1)


def test_the_order_of_scenarios_changes_nothing(tmp_path: Path) -> None:
    tables = [rows(*answers(1)), persona("moderate_1", *answers(2, missing=0.1))]
    straight = write_run(tmp_path / "straight", *tables)
    mixed = [table.sample(frac=1, random_state=3) for table in tables]
    shuffled = write_run(tmp_path / "shuffled", *mixed)
    pd.testing.assert_frame_equal(compare([straight], GROUPS), compare([shuffled], GROUPS))


def test_a_category_is_the_mean_of_its_personas(tmp_path: Path) -> None:
    who = {f"moderate_{number}": answers(number, missing=0.1) for number in (2, 3)}
    run = write_run(
        tmp_path / "run",
        rows(*answers(1)),
        *(persona(name, *both) for name, both in who.items()),
        persona("maximal_1", *answers(4)),
    )
    table = compare([run], GROUPS)
    personas = [only(table, factor="persona", level=name) for name in who]
    category = only(table, factor="category", level="moderate")
    for key in ("difference", "figure", "reference_figure"):
        assert category[key] == pytest.approx(np.mean([row[key] for row in personas]))
    assert category["persona"] == "(all)"
    assert category["missing"] >= max(row["missing"] for row in personas) > 0


def test_mann_whitney_stands_beside_as_published(tmp_path: Path) -> None:
    before, after = answers(1), answers(2)
    run = write_run(tmp_path / "run", rows(*before), persona("moderate_1", *after))
    row = only(compare([run], GROUPS), factor="persona")
    sides = [
        np.round(np.abs(values.mean(axis=1) - actions.mean(axis=1)), 9)
        for values, actions in (after, before)
    ]
    expected = mannwhitneyu(*sides, method="asymptotic")
    assert (row["U"], row["U_p"]) == pytest.approx((expected.statistic, expected.pvalue))


def test_primary_contrasts_come_by_value_group_and_topic_too(tmp_path: Path) -> None:
    before, after = answers(1), answers(2)
    run = write_run(tmp_path / "run", rows(*before), persona("moderate_1", *after))
    table = compare([run], GROUPS)
    row = only(table, factor="category", within="group", part="openness")
    new, old = (alignment_distance(both[0][::2], both[1][::2]) for both in (after, before))
    assert row["difference"] == pytest.approx(new - old)
    assert (row["scenarios"], row["family"]) == (12, "exploratory")
    assert set(table[table["within"] == "topic"]["part"]) == {"t0", "t1", "t2"}


def test_primary_p_is_adjusted_after_holm_the_rest_after_benjamini_and_hochberg(
    tmp_path: Path,
) -> None:
    run = write_run(
        tmp_path / "run",
        rows(*answers(1)),
        persona("moderate_1", *answers(2)),
        persona("maximal_1", *answers(3)),
    )
    table = compare([run], GROUPS)
    primary = table[table["family"] == "primary"]
    assert list(primary["factor"]) == ["category", "category", "format"]
    assert set(primary["measure"]) == {"AD"}
    p = sorted(primary["p"])
    steps = np.maximum.accumulate([min(1, 3 * p[0]), min(1, 2 * p[1]), p[2]])
    assert sorted(primary["adjusted"]) == pytest.approx(list(steps))
    rest = table[table["family"] == "exploratory"].dropna(subset="p").sort_values("p")
    scaled = rest["p"].to_numpy() * len(rest) / np.arange(1, len(rest) + 1)
    expected = np.minimum(1, np.minimum.accumulate(scaled[::-1])[::-1])
    assert list(rest["adjusted"]) == pytest.approx(list(expected))


def test_the_interaction_is_a_difference_of_differences(tmp_path: Path) -> None:
    cells = {
        (name, shown): answers(2 * place + number)
        for place, name in enumerate(("moderate_1", "maximal_1"), 1)
        for number, shown in enumerate(("explicit", "bold"), 1)
    }
    run = write_run(
        tmp_path / "run",
        rows(*answers(1)),
        *(persona(name, *both, format=shown) for (name, shown), both in cells.items()),
        format=["none", "explicit", "bold"],
    )
    row = only(compare([run], GROUPS), factor="format x category")
    moved = {
        name: alignment_distance(*cells[name, "bold"])
        - alignment_distance(*cells[name, "explicit"])
        for name in ("moderate_1", "maximal_1")
    }
    assert row["difference"] == pytest.approx(moved["maximal_1"] - moved["moderate_1"])
    assert row["low"] < row["difference"] < row["high"]
    assert (row["level"], row["reference"]) == ("bold x maximal", "explicit x moderate")


def test_any_compares_each_two_that_are_not_compared_already(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run",
        rows(*answers(1)),
        persona("moderate_1", *answers(2)),
        persona("moderate_2", *answers(3)),
    )
    table = compare([run], GROUPS, any_two=True)
    row = only(table, factor="any")
    assert (row["level"], row["reference"]) == ("persona=moderate_2", "persona=moderate_1")


def test_two_runs_share_a_baseline_that_one_took_over_from_the_other(tmp_path: Path) -> None:
    base = rows(*answers(1))
    first = write_run(tmp_path / "a", base, persona("moderate_1", *answers(2)))
    bold = persona("moderate_1", *answers(3), format="bold")
    second = write_run(tmp_path / "b", base, bold, format=["none", "bold"])
    table = compare([first, second], GROUPS)
    assert "run" not in table
    assert set(table[table["factor"] == "persona"]["format"]) == {"explicit", "bold"}


def test_two_runs_that_answered_the_same_condition_anew_are_compared_as_runs(
    tmp_path: Path,
) -> None:
    first, second = (tmp_path / name for name in "ab")
    write_run(first, rows(*answers(1)))
    write_run(second, rows(*answers(2)).assign(trial=lambda table: table["trial"] + " again"))
    row = only(compare([first, second], GROUPS), factor="run")
    assert (row["level"], row["reference"]) == (str(second), str(first))


def test_a_setting_only_one_run_varies_has_the_others_value_for_it(tmp_path: Path) -> None:
    varied = [rows(*answers(n), temperature=heat) for n, heat in ((1, 0.0), (2, 0.7))]
    first = write_run(tmp_path / "a", *varied, temperature=[0.7, 0.0])
    second = write_run(tmp_path / "b", rows(*answers(3)))
    table = compare([first, second], GROUPS)
    row = only(table, factor="temperature", level="0.0")
    assert row["reference"] == "0.7"


def test_conditions_without_answers_are_rows_that_say_missing(tmp_path: Path) -> None:
    nothing = np.full((6, 3), NAN)
    run = write_run(tmp_path / "run", rows(nothing, nothing), persona("m_1", nothing, nothing))
    table = compare([run], GROUPS)
    assert table[["difference", "low", "high", "p", "adjusted", "effect", "U"]].isna().all().all()
    assert set(table["scenarios"]) == {0}
    assert only(table, factor="persona")["missing"] == 6


def test_a_persona_of_whom_one_question_is_unanswered_is_missing_the_others_are_not(
    tmp_path: Path,
) -> None:
    values, actions = answers(2)
    run = write_run(
        tmp_path / "run",
        rows(*answers(1)),
        persona("moderate_1", values, np.full_like(actions, NAN)),
        persona("maximal_1", values, actions),
    )
    table = compare([run], GROUPS)
    assert np.isnan(only(table, factor="category", level="moderate")["adjusted"])
    assert np.isfinite(only(table, factor="category", level="maximal")["adjusted"])


def test_scenarios_that_no_two_conditions_share_are_missing(tmp_path: Path) -> None:
    said = column(1, 1, NAN, NAN)
    other = column(NAN, NAN, 1, 1)
    run = write_run(tmp_path / "run", rows(said, said), persona("moderate_1", other, other))
    row = only(compare([run], GROUPS), factor="persona")
    assert np.isnan(row["difference"])
    assert (row["scenarios"], row["missing"]) == (0, 4)


def test_what_cannot_be_compared_is_one_message(tmp_path: Path) -> None:
    values, actions = answers(1)
    base, who = rows(values, actions), persona("m_1", values, actions)
    asked = pd.concat([base, who])
    cases = {
        "holds one condition": write_run(tmp_path / "one", base),
        "no row answers the action question": write_run(
            tmp_path / "half", asked[asked["question"] == "value"]
        ),
        r"rows 1 and 145\n  both answer the value question": write_run(
            tmp_path / "double", base, base.assign(trial="again"), who
        ),
        r"rows 145 and 289\n  both answer the value question": write_run(
            tmp_path / "twice", base, who, who.head(3)
        ),
        "no two conditions that differ in one factor alone": write_run(
            tmp_path / "apart",
            who,
            persona("m_2", values, actions, model="b", format="bold"),
        ),
        "is not a run folder": tmp_path / "nowhere",
    }
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "manifest.json").write_text('{"experiment": "x", "vary": {}}')
    cases["holds no responses"] = tmp_path / "empty"
    cut = write_run(tmp_path / "cut", asked) / "responses" / "sim" / "part-000000-000000.parquet"
    cut.write_bytes(cut.read_bytes()[:-20])
    cases[r"part-000000-000000\.parquet\n  cannot be read"] = tmp_path / "cut"
    cases["mixed scales"] = write_run(
        tmp_path / "mixed", base, who.assign(score=[0.5, 1 / 3, 0.6] * 48)
    )
    short = write_run(tmp_path / "short", asked.drop(columns="topic"))
    cases['has no column "topic"'] = short
    for message, run in cases.items():
        with pytest.raises(StudyError, match=message):
            compare([run], GROUPS)
    with pytest.raises(StudyError, match="is named twice"):
        compare([cases["holds one condition"]] * 2, GROUPS)


def test_the_command_prints_the_primary_family_and_writes_every_comparison(
    root: Path, vad: Vad
) -> None:
    assert vad("run", "small").returncode == 0
    done = vad("compare", "runs/small", "--any")
    assert done.returncode == 0, done.stderr
    assert "maximal - baseline" in done.stdout
    assert "any two conditions" in done.stdout
    table = pd.read_csv(root / "runs" / "small" / "tables" / "comparisons_any_two.csv")
    assert f"{len(table)} comparisons" in done.stdout
    assert set(table["measure"]) == {"AR", "AD", "gap"}
    refused = vad("compare", "runs/none")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_each_way_to_compare_has_a_file_of_its_own_that_the_report_leaves_alone(
    root: Path, vad: Vad
) -> None:
    assert vad("run", "small").returncode == 0
    shutil.copytree(root / "runs" / "small", root / "runs" / "later")
    for path in (root / "runs" / "later" / "responses").rglob("*.parquet"):
        pd.read_parquet(path).assign(program="other").to_parquet(path)
    ways = {
        "comparisons": ["runs/small"],
        "comparisons_any_two": ["runs/small", "--any"],
        "comparisons_with_later": ["runs/small", "runs/later"],
        "comparisons_with_later_any_two": ["runs/small", "runs/later", "--any"],
    }
    for name, way in ways.items():
        done = vad("compare", *way)
        assert done.returncode == 0, done.stderr
        assert f"tables/{name}.csv" in done.stdout
    tables = root / "runs" / "small" / "tables"
    before = {path.name: path.read_bytes() for path in tables.iterdir()}
    assert {*before} == {f"{name}.csv" for name in ways}
    assert len({*before.values()}) == 4
    assert vad("report", "runs/small").returncode == 0
    assert {name: (tables / name).read_bytes() for name in before} == before


@pytest.mark.slow
def test_all_answers_of_seven_models_are_compared(tmp_path: Path) -> None:
    who = [f"{kind}_{number}" for kind in ("moderate", "maximal", "mixed") for number in range(4)]
    tables = [
        table.assign(topic="t" + (table["scenario"].str[1:].astype(int) % 11).astype(str))
        for model in range(7)
        for place, name in enumerate(["baseline", *who], 100 * model)
        for both in [answers(place, 616)]
        for table in [
            rows(*both, model=f"m{model}")
            if name == "baseline"
            else persona(name, *both, model=f"m{model}")
        ]
    ]
    run = write_run(tmp_path / "run", *tables, model=[f"m{model}" for model in range(7)])
    assert sum(map(len, tables)) == 336_336
    compared = compare([run], GROUPS)
    assert compared["difference"].notna().mean() > 0.9
