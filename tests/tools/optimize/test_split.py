"""The split: each value in every part, and nothing but a scenario itself decides its part."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.studies import REPOSITORY
from vad.study.loader import find_study
from vad.study.scenarios import Scenario, load_scenarios, load_topics
from vad.tools.optimize.split import part_of, split

STUDY = find_study(REPOSITORY)
TOPICS = [*load_topics(STUDY)]
OURS = load_scenarios(STUDY, "dilemmas", "test")


def scenario(value: str, topic: str, number: int = 0) -> Scenario:
    return Scenario(id=f"{value}--{topic}--{number}", value=value, topic=topic, options=())


@pytest.mark.parametrize("seed", [2026, 1, 2])
def test_half_of_the_scenarios_train_a_quarter_validates_and_a_quarter_tests(seed: int) -> None:
    parts = split(OURS, TOPICS, seed)
    shares = {part: len(found) / len(OURS) for part, found in parts.items()}
    assert shares == pytest.approx({"train": 0.5, "validation": 0.25, "test": 0.25}, abs=0.04)
    assert sorted(one.id for found in parts.values() for one in found) == sorted(
        one.id for one in OURS
    )


@pytest.mark.parametrize("seed", [2026, 1, 2])
def test_of_a_values_eleven_scenarios_each_part_has_about_its_share(seed: int) -> None:
    for part, found in split(OURS, TOPICS, seed).items():
        of_value = Counter(one.value for one in found)
        assert len(of_value) == 56
        least, most = (4, 7) if part == "train" else (2, 4)
        assert least <= min(of_value.values())
        assert max(of_value.values()) <= most


cells = st.tuples(st.sampled_from(["Freedom", "Loyalty", ""]), st.sampled_from([*TOPICS, ""]))


@given(st.lists(st.tuples(cells, st.integers(0, 99)), unique=True), st.data())
def test_a_scenario_that_is_added_anywhere_moves_no_other(
    drawn: list[tuple[tuple[str, str], int]], data: st.DataObject
) -> None:
    scenarios = [scenario(*cell, number) for cell, number in drawn]
    before = {one.id: part for part, found in split(scenarios, TOPICS, 7).items() for one in found}
    place = data.draw(st.integers(0, len(scenarios)))
    scenarios.insert(place, scenario(*data.draw(cells), 1000))
    after = {one.id: part for part, found in split(scenarios, TOPICS, 7).items() for one in found}
    assert {name: after[name] for name in before} == before


def test_a_topic_that_is_added_at_the_end_moves_nothing() -> None:
    assert split(OURS, TOPICS, 7) == split(OURS, [*TOPICS, "Gardens"], 7)


def test_dilemmas_of_one_value_and_topic_stay_in_one_part() -> None:
    found = {part_of(scenario("Freedom", TOPICS[3], number), TOPICS, 7) for number in range(50)}
    assert len(found) == 1


def test_scenarios_without_a_topic_of_the_study_are_parted_by_their_ids() -> None:
    found = Counter(part_of(scenario("", "", number), TOPICS, 7) for number in range(400))
    assert found["train"] == pytest.approx(200, abs=40)
    assert found["test"] == pytest.approx(100, abs=30)


def test_the_seed_decides() -> None:
    assert split(OURS, TOPICS, 1) != split(OURS, TOPICS, 2)
