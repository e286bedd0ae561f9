"""Reports: what the tables say, how they are set, and what a run with little to say gets."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.commands import Vad, forked
from tests.helpers.respondents import respond
from tests.helpers.run_folders import persona, random_scores, rows, write_run
from vad.analysis.measure_table import BY_NAME
from vad.analysis.measures import Array, alignment_distance, alignment_rate, repeat_agreement
from vad.analysis.results import open_run
from vad.errors import StudyError
from vad.report.latex import fragment
from vad.report.option_labels import option_names
from vad.report.report import make_report, write_report
from vad.report.tables import make_tables, missing, printed, published

NAN = float("nan")


def answers(seed: int, missing: float = 0.0, scenarios: int = 24) -> tuple[Array, Array]:
    return (
        random_scores(2 * seed, scenarios, missing=missing),
        random_scores(2 * seed + 1, scenarios, missing=missing),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Without a persona the opposite of what is said is done; as moderate_1, just that."""
    said = np.tile([[1.0], [1.0], [-1.0]], (8, 1))
    return write_run(
        tmp_path / "run",
        rows(said, -said),
        persona("moderate_1", said, said),
        persona("maximal_1", said, -said),
    )


def test_the_published_table_of_a_respondent_that_is_known(folder: Path) -> None:
    run = open_run(folder)
    compared = run.compare()
    (distance,) = published(run, compared, BY_NAME["ad"]).to_dict("records")
    assert (distance["baseline"], distance["moderate"], distance["maximal"]) == (2, 0, 2)
    assert distance["moderate improvement"] == pytest.approx(2)
    assert distance["maximal improvement"] == pytest.approx(0)
    assert distance["moderate adjusted p"] < 0.001
    assert distance["maximal adjusted p"] == 1
    (rate,) = published(run, compared, BY_NAME["ar"]).to_dict("records")
    assert (rate["baseline"], rate["moderate"]) == (0, 1)
    assert rate["moderate improvement"] == pytest.approx(1)


def test_only_what_is_below_the_adjusted_level_is_bold(folder: Path) -> None:
    run = open_run(folder)
    text = fragment(*printed("ad", published(run, run.compare(), BY_NAME["ad"])))
    assert r"sim & 2.000 & \textbf{0.000} & \textbf{$+2.000$} & 2.000 & $+0.000$ \\" in text
    assert "model & baseline & moderate & improvement & maximal & improvement" in text


def test_each_choice_of_the_factors_is_a_row_and_all_formats_share_the_baseline(
    tmp_path: Path,
) -> None:
    folder = write_run(
        tmp_path / "run",
        *(
            table
            for place, heat in enumerate((0.0, 0.7))
            for table in (
                rows(*answers(10 * place), temperature=heat),
                persona("moderate_1", *answers(10 * place + 1), temperature=heat),
                persona("moderate_1", *answers(10 * place + 2), temperature=heat, format="bold"),
            )
        ),
        temperature=[0.7, 0.0],
        format=["none", "bold", "explicit"],
    )
    run = open_run(folder)
    assert run.factors == ["model", "format", "temperature"]
    table = published(run, run.compare(), BY_NAME["ad"])
    cells = list(table[["format", "temperature"]].itertuples(index=False, name=None))
    assert cells == [("bold", 0.7), ("bold", 0.0), ("explicit", 0.7), ("explicit", 0.0)]
    baselines = [alignment_distance(*answers(seed)) for seed in (10, 0, 10, 0)]
    assert list(table["baseline"]) == pytest.approx(baselines)
    personas = [alignment_distance(*answers(seed)) for seed in (12, 2, 11, 1)]
    assert list(table["moderate"]) == pytest.approx(personas)
    improvement = np.subtract(baselines, personas)
    assert list(table["moderate improvement"]) == pytest.approx(list(improvement))


def test_a_row_by_value_and_by_topic_is_measured_on_its_scenarios_alone(tmp_path: Path) -> None:
    both = answers(1)
    run = open_run(write_run(tmp_path / "run", rows(*both), persona("m_1", *answers(2))))
    tables = make_tables(run, None)
    for name, column, level, every in (("values", "value", "v1", 2), ("topics", "topic", "t1", 3)):
        table = tables[name]
        (row,) = table[(table["category"] == "baseline") & (table[column] == level)].to_dict(
            "records"
        )
        values, actions = (scores[1::every] for scores in both)
        assert row["ad"] == pytest.approx(alignment_distance(values, actions))
        assert row["ar"] == pytest.approx(alignment_rate(values, actions))


def test_missing_answers_are_counted_by_kind_and_those_that_are_not_there_apart(
    tmp_path: Path,
) -> None:
    values, actions = answers(1)
    values[:2, 0], actions[5, 1] = NAN, NAN
    table = rows(values, actions)
    table.loc[table.index[table["problem"].notna()][0], "problem"] = "not JSON"
    table = table.drop(index=[60, 61])  # two answers to the value question
    run = open_run(write_run(tmp_path / "run", table, persona("m_1", *answers(2))))
    counted = missing(run)
    value, action = counted[counted["category"] == "baseline"].to_dict("records")
    assert (value["asked"], value["parsed"], value["missing"]) == (72, 68, 4)
    assert (value["not JSON"], value["cut off"], value["no answer"]) == (1, 1, 2)
    assert (action["missing"], action["cut off"], action["no answer"]) == (1, 1, 0)
    assert not counted.loc[counted["category"] == "m", "missing"].any()


def test_agreement_between_repeats_stands_by_persona(tmp_path: Path) -> None:
    values, actions = answers(3)
    run = open_run(write_run(tmp_path / "run", rows(*answers(1)), persona("m_1", values, actions)))
    row = make_tables(run, None)["repeats"].iloc[1]
    assert row["persona"] == "m_1"
    assert row["agreement_value"] == pytest.approx(repeat_agreement(values).mean())
    assert row["agreement_action"] == pytest.approx(repeat_agreement(actions).mean())


def test_the_order_of_the_answers_changes_no_table(tmp_path: Path, root: Path) -> None:
    tables = [
        rows(*answers(1, 0.1)),
        persona("moderate_1", *answers(2)),
        persona("m_2", *answers(3)),
    ]
    mixed = [table.sample(frac=1, random_state=5) for table in reversed(tables)]
    runs = [
        open_run(write_run(tmp_path / name, *some), root)
        for name, some in (("straight", tables), ("mixed", mixed))
    ]
    straight, shuffled = (make_tables(run, run.compare()) for run in runs)
    for name in ("ad", "categories", "values", "missing"):
        left, right = (
            table.sort_values([*table.columns[:3]], ignore_index=True)
            for table in (straight[name], shuffled[name])
        )
        pd.testing.assert_frame_equal(left[[*right]], right)


def test_the_options_are_named_as_the_study_names_them(root: Path, vad: Vad) -> None:
    assert vad("run", "small").returncode == 0
    names = option_names(open_run(root / "runs" / "small"))
    assert names["value"][1.0] == "strongly agree"
    assert names["value"][-0.6] == "disagree"
    assert names["action"][0.2] == "aligned, mild"
    assert names["action"][-1.0] == "opposed, strong"


ODD = r"a_b & 5% #1 {x} $y ~z^ \w"


def test_nothing_in_a_table_is_taken_for_latex() -> None:
    text = fragment(pd.DataFrame({ODD: [ODD], "corrected_gap": [-0.25], "p": [NAN]}), note="a note")
    assert text.startswith("% a note\n% needs \\usepackage{booktabs}\n\\begin{tabular}{lrr}")
    escaped = r"a\_b \& 5\% \#1 \{x\} \$y \textasciitilde{}z\textasciicircum{} \textbackslash{}w"
    assert f"{escaped} & $-0.250$ & missing \\\\" in text
    assert f"{escaped} & corrected gap & p \\\\" in text


@pytest.mark.parametrize("length", [3, 60])
def test_every_row_of_a_fragment_has_as_many_cells_as_the_table(length: int) -> None:
    table = pd.DataFrame({"name": ["x & y"] * length, "share": [0.5] * length})
    text = fragment(table)
    lines = [line for line in text.splitlines() if line.endswith(r"\\") and "multi" not in line]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {1}
    kind = "longtable" if length > 45 else "tabular"
    assert text.count(rf"\begin{{{kind}}}") == text.count(rf"\end{{{kind}}}") == 1
    assert (r"\usepackage{longtable}" in text) is (kind == "longtable")
    assert r"\toprule" in text
    assert r"\bottomrule" in text


def test_one_condition_has_tables_without_comparisons_and_says_so(tmp_path: Path) -> None:
    report = make_report(open_run(write_run(tmp_path / "run", rows(*answers(1)))))
    assert list(report.tables["ad"]) == ["model", "baseline"]
    assert "comparisons" not in report.tables
    assert "differences" not in report.figures
    assert any("holds one condition" in line for line in report.left_out)


def test_personas_without_a_baseline_have_no_column_for_it(tmp_path: Path) -> None:
    run = open_run(
        write_run(
            tmp_path / "run", persona("moderate_1", *answers(1)), persona("max_1", *answers(2))
        )
    )
    assert list(make_report(run).tables["ad"]) == ["model", "moderate", "max"]


def test_personas_without_categories_are_the_columns_themselves(tmp_path: Path) -> None:
    countries = [f"country_{number}" for number in range(8)]
    tables = [
        persona(name, *answers(place), category="") for place, name in enumerate(countries, 1)
    ]
    run = open_run(write_run(tmp_path / "run", rows(*answers(0)), *tables))
    report = make_report(run)
    write_report(report)
    (row,) = report.tables["ad"].to_dict("records")
    for place, name in enumerate(countries, 1):
        assert row[name] == pytest.approx(alignment_distance(*answers(place)))
        assert np.isfinite(row[f"{name} adjusted p"])
    assert list(report.tables["values"]["persona"].unique()) == ["baseline", *countries]
    assert "ad_by_persona" in report.figures


def test_where_every_answer_is_missing_every_figure_is_said_to_be(tmp_path: Path) -> None:
    nothing = np.full((6, 3), NAN)
    run = open_run(
        write_run(tmp_path / "run", rows(nothing, nothing), persona("m_1", nothing, nothing))
    )
    report = make_report(run)
    write_report(report)
    assert not report.figures
    assert "figures: no answer could be read" in report.left_out
    text = (run.folder / "tables" / "ad.tex").read_text()
    assert "sim & missing & missing & missing" in text
    assert pd.read_csv(run.folder / "tables" / "missing.csv")["cut off"].sum() == 72


def test_where_one_persona_is_missing_the_others_have_their_figures(tmp_path: Path) -> None:
    nothing = np.full((24, 3), NAN)
    report = make_report(
        open_run(
            write_run(
                tmp_path / "run",
                rows(*answers(1)),
                persona("moderate_1", nothing, nothing),
                persona("maximal_1", *answers(2)),
            )
        )
    )
    (row,) = report.tables["ad"].to_dict("records")
    assert np.isnan(row["moderate"])
    assert np.isnan(row["moderate adjusted p"])
    assert np.isfinite(row["maximal improvement"])


def test_a_condition_that_was_asked_one_question_alone_is_named(tmp_path: Path) -> None:
    half = persona("moderate_1", *answers(2))
    run = write_run(tmp_path / "run", rows(*answers(1)), half[half["question"] == "value"])
    report = make_report(open_run(run))
    said = "AR and AD of moderate_1 (sim, explicit): only the value question was asked"
    assert said in report.left_out
    assert np.isnan(report.tables["ad"]["moderate"][0])


def test_a_run_without_answers_or_with_those_to_one_question_is_one_message(
    tmp_path: Path,
) -> None:
    asked = rows(*answers(1))
    half = write_run(tmp_path / "half", asked[asked["question"] == "value"])
    with pytest.raises(StudyError, match="no row answers the action question"):
        make_report(open_run(half))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "manifest.json").write_text('{"experiment": "x", "vary": {}}')
    with pytest.raises(StudyError, match="holds no responses"):
        make_report(open_run(tmp_path / "empty"))
    with pytest.raises(StudyError, match="its tables have no row"):
        make_report(open_run(write_run(tmp_path / "none", asked.head(0))))


def test_a_run_of_the_manipulation_check_alone_is_told_that_it_has_no_gap(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", rows(*answers(1)).assign(question="level"))
    with pytest.raises(StudyError, match="every row answers the competing or the level question"):
        make_report(open_run(run))


def test_answers_given_twice_or_on_mixed_scales_are_one_message(tmp_path: Path) -> None:
    asked = rows(*answers(1))
    twice = write_run(tmp_path / "twice", asked, asked.head(3))
    with pytest.raises(StudyError, match=r"rows 1 and 145\n.*both answer the value question"):
        make_report(open_run(twice))
    mixed = write_run(tmp_path / "mixed", asked.assign(score=[0.5, 1 / 3, 0.6] * 48))
    with pytest.raises(StudyError, match=r"value question\n.*mixed scales: scores 0\.333, 0\.5"):
        make_report(open_run(mixed))


@pytest.fixture(scope="module")
def reported(copied: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A run of `small`, and what `vad run` and `vad report` said of it."""
    root = Path(shutil.copytree(copied, tmp_path_factory.mktemp("reported") / "study"))
    said = [forked(one, root, 120) for one in (("run", "small"), ("report", "runs/small"))]
    assert [one.returncode for one in said] == [0, 0], said
    return root / "runs" / "small", said[0].stdout, said[1].stdout


def test_answers_by_construction_are_not_said_to_be_validated(
    reported: tuple[Path, str, str],
) -> None:
    _, run, report = reported
    assert "not guaranteed" not in run + report


def test_the_command_prints_the_published_tables_and_writes_all(
    reported: tuple[Path, str, str],
) -> None:
    folder, _, report = reported
    assert "alignment distance (AD): lower is nearer" in report
    assert "54 answers asked for, 54 read, 0 missing" in report
    tables = {path.stem for path in (folder / "tables").glob("*.csv")}
    assert {"ad", "ar", "conditions", "values", "value_groups", "topics", "comparisons"} <= tables
    assert {"options", "letters", "positions", "repeats", "missing"} <= tables
    assert tables == {path.stem for path in (folder / "tables").glob("*.tex")}
    letters = pd.read_csv(folder / "tables" / "letters.csv")
    assert set(letters["label"]) == {"A"}
    assert set(letters["share"]) == {1.0}
    figures = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert {"ad_by_category", "ar_by_value_sim", "differences", "cultural_map"} <= figures
    assert figures == {path.stem for path in (folder / "figures").glob("*.pdf")}


def test_a_run_that_has_no_table_yet_still_says_what_was_asked(root: Path, vad: Vad) -> None:
    respond(
        root,
        "def answer(call):\n"
        "    if '\"action\"' in call.messages[-1]['content']:\n"
        "        raise RuntimeError('no actions today')\n"
        "    return call.language.longest\n",
    )
    done = vad("run", "small")
    assert done.returncode == 1
    assert "no row answers the action question" in done.stdout
    assert "54 questions: 27 asked now" in done.stdout
    assert "81 engine failures: RuntimeError: no actions today" in done.stdout
    assert "27 trials are still open" in done.stderr


def test_a_run_that_lies_in_no_study_says_what_it_lacks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    report = make_report(open_run("."))
    assert any("the run lies in no study" in line for line in report.left_out)
    assert "value_groups" not in report.tables
    assert "cultural_map" not in report.figures
    assert "values" in report.tables
