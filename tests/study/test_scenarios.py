"""Scenario files: the good that stands against a value, the class of place, who cannot be there."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.studies import REPOSITORY
from vad.errors import StudyError
from vad.study.loader import Study, find_study
from vad.study.scenarios import load_scenarios, load_values

VALUES = load_values(find_study(REPOSITORY))


def read(root: Path, **keys: Any) -> None:
    lines = (root / "scenarios" / "dilemmas.jsonl").read_text().splitlines()
    row = json.loads(lines[0]) | keys
    (root / "scenarios" / "mine.jsonl").write_text(json.dumps(row) + "\n")
    load_scenarios(Study(root), "mine", "test")


@pytest.mark.parametrize("edition", ["dilemmas", "dilemmas_1"])
def test_both_editions_have_the_same_616_ids(edition: str) -> None:
    study = find_study(REPOSITORY)
    ids = [one.id for one in load_scenarios(study, "dilemmas", "test")]
    assert [one.id for one in load_scenarios(study, edition, "test")] == ids
    assert len(set(ids)) == 616


def test_no_competing_good_is_of_the_focal_values_type() -> None:
    ours = load_scenarios(find_study(REPOSITORY), "dilemmas", "test")
    named = [one for one in ours if one.competing in VALUES]
    assert len(named) > 500
    assert not [one.id for one in named if VALUES[one.competing].type == VALUES[one.value].type]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"competing": "Social Justice"}, "which is of the type universalism, as Equality itself"),
        ({"competing": "Equality"}, "which is of the type universalism"),
        ({"competing": "family security"}, 'did you mean "Family Security"?'),
        ({"place": "garden"}, "place: Input should be"),
        ({"implausible_for": ["very religious"]}, "implausible_for.0"),
        ({"competes": "Wealth"}, 'did you mean "competing"?'),
    ],
)
def test_a_wrong_mark_is_refused_with_its_line(root: Path, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyError) as told:
        read(root, **keys)
    assert "scenarios/mine.jsonl: line 1" in str(told.value)
    assert said in str(told.value)


def test_a_phrase_may_be_the_competing_good_and_a_file_may_name_none(root: Path) -> None:
    read(root, competing="a child's safety", place="screen")
    read(root, competing="", place="")
