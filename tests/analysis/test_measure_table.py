"""Each measure is declared once, and stands wherever its declaration says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.run_folders import persona, random_scores, rows, write_run
from tests.helpers.studies import REPOSITORY
from vad.analysis.comparison_table import COMPARISON_COLUMNS, compared_conditions, contrast_keys
from vad.analysis.measure_table import COMPARED, MEASURES, PRIMARY, primary_first
from vad.analysis.results import open_run

FUNCTION = '''

def mean_product(values: Array, actions: Array, convention: Convention = THESIS2026) -> float:
    """The mean over scenarios of mean value x mean action, on [-1, 1]."""
    return _mean(mean_answer(values, convention) * mean_answer(actions, convention))
'''
DECLARATION = """    Measure(
        "mean_product",
        "mean product",
        "mean product of value and action",
        "mean of value x action",
        lambda groups: groups.each(mean_product),
        "-1 to 1",
        nearer=1,
        signed=True,
        shown=("conditions", "categories", "page", "cells", "run", "score"),
        definition="the mean product is that of a dilemma's mean answers",
        compared=Comparison(
            "product",
            "counted",
            lambda sums: sums["product"] / sums["counted"],
            {"product": lambda one: one.stated * one.chosen},
            mean_of="product",
        ),
    ),
"""
WRITE_ALL = """
import sys
from pathlib import Path
import pandas as pd
from vad.analysis.results import open_run
from vad.cli.screens.compare import print_comparisons
from vad.cli.screens.report import print_report
from vad.cli.screens.run import print_conditions
from vad.cli.screens.score import print_scores
from vad.analysis.conventions import THESIS2026
from vad.analysis.scores import score
from vad.report.page.page import write_page
from vad.report.report import make_report, write_report
import vad
assert str(Path(vad.__file__)).startswith(sys.argv[2]), vad.__file__
run = open_run(sys.argv[1])
made = make_report(run)
write_report(made)
write_page(made)
print_report(made)
print_conditions(run.scores(), run.manipulation_check(), {}, pd.DataFrame())
print_comparisons(run.compare())
print_scores(score(run.answers, THESIS2026, ("value",)))
"""


def planted(folder: Path) -> Path:
    """Twelve scenarios of a baseline and a persona."""
    both = [[random_scores(2 * n + side, 12) for side in (0, 1)] for n in (0, 1)]
    return write_run(folder, rows(*both[0]), persona("moderate_1", *both[1]))


@pytest.fixture(scope="module")
def with_another(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run reported by a vad in which two files declare one more measure, and what was printed."""
    place = tmp_path_factory.mktemp("measure")
    shutil.copytree(REPOSITORY / "vad", place / "vad", ignore=shutil.ignore_patterns("__pycache__"))
    function = place / "vad" / "analysis" / "measures.py"
    function.write_text(function.read_text() + FUNCTION)
    table = place / "vad" / "analysis" / "measure_table.py"
    text = table.read_text().replace(
        "from .scenario_sums", "from .measures import mean_product\nfrom .scenario_sums"
    )
    marked = text.replace(
        '    Measure(\n        "expected_ad"', DECLARATION + '    Measure(\n        "expected_ad"'
    )
    assert marked != text
    table.write_text(marked)
    run = planted(place / "run")
    done = subprocess.run(
        [sys.executable, "-c", WRITE_ALL, str(run), str(place)],
        env=os.environ | {"PYTHONPATH": str(place)},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return run, done.stdout


def test_a_measure_declared_in_two_files_stands_in_every_table(
    with_another: tuple[Path, str],
) -> None:
    run, _ = with_another
    for name in ("conditions", "categories", "values", "topics"):
        if (run / "tables" / f"{name}.csv").is_file():
            table = pd.read_csv(run / "tables" / f"{name}.csv")
            assert table["mean_product"].notna().all(), name
            assert "mean product" in (run / "tables" / f"{name}.tex").read_text()
    own = pd.read_csv(run / "tables" / "mean_product.csv")
    compared = pd.read_csv(run / "tables" / "comparisons.csv")
    mine = compared[(compared["measure"] == "product") & (compared["within"] == "all")]
    assert (mine["low"] <= mine["difference"]).all()
    assert (mine["difference"] <= mine["high"]).all()
    assert own["moderate improvement"].iloc[0] == pytest.approx(mine["difference"].iloc[0])
    assert mine["figure"].iloc[0] == pytest.approx(own["moderate"].iloc[0])


def test_its_interval_and_its_standard_error_are_those_of_a_mean(
    with_another: tuple[Path, str],
) -> None:
    run, _ = with_another
    compared = pd.read_csv(run / "tables" / "comparisons.csv")
    mine = compared[(compared["measure"] == "product") & (compared["within"] == "all")].iloc[0]
    answers = open_run(run).answers
    product = answers.values.mean(axis=1) * answers.actions.mean(axis=1)
    apart = product[12:] - product[:12]
    assert mine["difference"] == pytest.approx(apart.mean())
    assert mine["effect"] == pytest.approx(apart.mean() / apart.std(ddof=1))


def test_it_stands_on_the_page_and_on_the_screens(with_another: tuple[Path, str]) -> None:
    run, told = with_another
    page = (run / "report.html").read_text()
    assert '<th scope="col" class="n">mean product</th>' in page
    assert "the mean product is that of a dilemma&#39;s mean answers" in page
    assert "Mean product of value and action" in (
        run / "figures" / "mean_product_by_category.svg"
    ).read_text().replace("</tspan>", "")
    assert "in mean product" in (run / "figures" / "differences.svg").read_text()
    assert "mean product of value and action: higher is nearer; exploratory" in told
    assert re.search(r"^mean_product +[+-]0\.\d{3} +mean of value x action", told, re.MULTILINE)


def test_the_figures_of_the_others_stay_what_they_were(
    with_another: tuple[Path, str], tmp_path: Path
) -> None:
    run, _ = with_another
    now = pd.read_csv(run / "tables" / "comparisons.csv")
    now = now[now["measure"] != "product"].reset_index(drop=True).drop(columns="adjusted")
    before = open_run(planted(tmp_path / "run")).compare().drop(columns="adjusted")
    keys = contrast_keys(before)
    both = now.merge(before, on=[*keys, "measure"], suffixes=("", " before"))
    assert len(both) == len(before)
    for name in ("difference", "low", "high", "p"):
        assert both[name].to_numpy() == pytest.approx(
            both[f"{name} before"].to_numpy(), abs=1e-5, nan_ok=True
        )


def test_names_are_given_once_and_the_primary_measure_comes_first() -> None:
    for names in ([one.name for one in MEASURES], [how.label for _, how in COMPARED]):
        assert len({*names}) == len(names)
    terms = [term for _, how in COMPARED for term in how.adds]
    assert len({*terms}) == len(terms)
    assert primary_first(MEASURES)[0] is PRIMARY
    rest = [one for one in MEASURES if one is not PRIMARY]
    assert primary_first(MEASURES)[1:] == rest


def test_what_is_no_column_of_the_table_of_comparisons_is_a_condition(tmp_path: Path) -> None:
    table = open_run(planted(tmp_path / "run")).compare()
    conditions = compared_conditions(table)
    assert conditions == [
        "model",
        "program",
        "format",
        "persona",
        "category",
        "decoding",
        "adapter",
    ]
    order = [*COMPARISON_COLUMNS]
    place = order.index("within")
    assert [*table] == [*order[:place], *conditions, *order[place:]]
