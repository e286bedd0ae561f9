"""Figures: that they show the tables' numbers, can be drawn, and leave nothing unreadable."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers.run_folders import persona, random_scores, rows, write_run
from vad.analysis.measure_table import BY_NAME
from vad.analysis.results import open_run
from vad.report.figures import write_figures
from vad.report.figures.answers import letter_shares, option_shares
from vad.report.figures.cultural_map import cultural_map, places
from vad.report.figures.forest import forest
from vad.report.figures.gap import category_bars, coherence, value_matrix
from vad.report.figures.theme import Chart, with_setting, with_theme
from vad.report.report import make_report
from vad.study.loader import Study
from vad.study.personas import load_personas
from vad.study.scenarios import load_values

KEYS = ["model"]


def drawn(chart: Chart) -> list[dict[str, Any]]:
    """The rows that a chart holds, checked against Vega-Lite's schema on the way."""
    content = with_theme(chart).to_dict()
    return [row for table in content["datasets"].values() for row in table]


@pytest.fixture
def scores() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": "sim",
            "category": ["baseline", "moderate"],
            "persona": ["baseline", "moderate_1"],
            "ad": [0.5, np.nan],
            "ar": [0.7, 0.2],
            "corrected_gap": [0.1, np.nan],
        }
    )


def test_the_bars_are_the_figures_and_what_is_missing_is_said_to_be(scores: pd.DataFrame) -> None:
    shown = {row["category"]: row for row in drawn(category_bars(scores, KEYS, BY_NAME["ad"]))}
    assert (shown["baseline"]["end"], shown["baseline"]["said"]) == (0.5, "0.50")
    assert (shown["moderate"]["end"], shown["moderate"]["said"]) == (0, "missing")


def test_a_point_that_is_undefined_is_not_drawn(scores: pd.DataFrame) -> None:
    assert [row["persona"] for row in drawn(coherence(scores, KEYS))] == ["baseline"]


def test_the_baseline_stands_beside_the_personas_of_every_format() -> None:
    table = pd.DataFrame(
        {
            "model": "sim",
            "format": ["none", "explicit", "bold"],
            "category": ["baseline", "moderate", "moderate"],
            "ad": [0.5, 0.4, 0.3],
        }
    )
    shown = with_setting(table, ["model", "format"])
    assert sorted(zip(shown["setting"], shown["category"], shown["ad"], strict=True)) == [
        ("bold", "baseline", 0.5),
        ("bold", "moderate", 0.3),
        ("explicit", "baseline", 0.5),
        ("explicit", "moderate", 0.4),
    ]


def test_all_56_values_can_be_read_each_with_its_figure(root: Path, tmp_path: Path) -> None:
    values = load_values(Study(root))
    table = pd.DataFrame(
        {
            "model": "sim",
            "category": "baseline",
            "value": [*values],
            "group": [one.group for one in values.values()],
            "ad": np.linspace(0, 2, len(values)),
        }
    )
    chart = value_matrix(table, KEYS, BY_NAME["ad"])
    assert len(drawn(chart)) == len(values) == 56
    write_figures(tmp_path / "figures", {"values": chart})
    text = (tmp_path / "figures" / "values.svg").read_text()
    assert all(f">{name}</text>" in text for name in values)
    assert (tmp_path / "figures" / "values.pdf").read_bytes().startswith(b"%PDF")


def test_options_are_named_and_begin_with_the_strongest_agreement() -> None:
    options = pd.DataFrame(
        {
            "model": "sim",
            "category": "baseline",
            "question": ["value", "value", "action", "action"],
            "label": ["-1.0", "1.0", "-1.0", "1.0"],
            "share": [0.25, 0.75, 0.5, 0.5],
        }
    )
    names = {"value": {1.0: "yes", -1.0: "no"}, "action": {}}
    text = json.dumps(with_theme(option_shares(options, KEYS, names)).to_dict())
    assert '"sort": ["yes", "no"]' in text
    assert '"sort": ["+1", "-1"]' in text


def test_letters_are_held_against_an_equal_share_of_those_of_the_question() -> None:
    letters = pd.DataFrame(
        {
            "model": "sim",
            "category": "baseline",
            "question": [*["value"] * 4, *["action"] * 2],
            "label": [*"ABCD", *"AB"],
            "share": [1.0, 0, 0, 0, 0.5, 0.5],
        }
    )
    equal = {row["asked"]: row["equal"] for row in drawn(letter_shares(letters, KEYS))}
    assert equal == {"stated values": 0.25, "chosen actions": 0.5}


def test_the_forest_has_a_line_a_primary_contrast_in_each_measure(tmp_path: Path) -> None:
    run = open_run(
        write_run(
            tmp_path / "run",
            rows(random_scores(1, 12), random_scores(2, 12)),
            persona("moderate_1", random_scores(3, 12), random_scores(4, 12)),
            persona("maximal_1", random_scores(5, 12), random_scores(6, 12)),
        )
    )
    table = run.compare()
    shown = {(row["contrast"], row["measure"]): row for row in drawn(forest(table))}
    assert len(shown) == 9
    row = shown["moderate − baseline", "AD"]
    expected = table[(table["factor"] == "category") & (table["level"] == "moderate")].iloc[0]
    assert row["difference"] == pytest.approx(expected["difference"])
    assert row["low"] < row["difference"] < row["high"]
    assert ("format: explicit − none", "gap") in shown


def test_the_map_shows_each_persona_at_its_place_and_names_none_over_another(root: Path) -> None:
    people = load_personas(Study(root), "cultural", "x").personas
    table = places(people).set_index("persona")
    assert (table.loc["maximal_1", "x"], table.loc["maximal_1", "y"]) == (-1, -1)
    assert (table.loc["maximal_2", "x"], table.loc["maximal_2", "y"]) == (1, -1)
    assert table.loc["maximal_1", "x_opposed"] == 0
    assert table.loc["incongruous_2", ["x_opposed", "y_opposed"]].max() >= 0.5
    shown = drawn(cultural_map(table.reset_index()))
    labels = [row["label"] for row in shown if "label" in row]
    assert "incongruous_2, 3, 4" in labels
    assert len(labels) == 10


def test_every_figure_of_a_run_is_valid_vega_lite(tmp_path: Path, root: Path) -> None:
    run = open_run(
        write_run(
            tmp_path / "run",
            rows(random_scores(1, 12), random_scores(2, 12)),
            persona("moderate_1", random_scores(3, 12), random_scores(4, 12)),
            persona("moderate_1", random_scores(5, 12), random_scores(6, 12), format="bold"),
            format=["none", "explicit", "bold"],
        ),
        root,
    )
    figures = make_report(run).figures
    assert {"ad_by_category", "ad_by_value_sim", "differences", "options", "repeats"} <= {*figures}
    for chart in figures.values():
        assert drawn(chart)
