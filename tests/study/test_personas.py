"""The personas: categories are earned, formats say what the levels are."""

from itertools import combinations

import pytest

from tests.helpers.studies import REPOSITORY
from vad.study.formats import render
from vad.study.loader import Study, find_study
from vad.study.personas import Persona, Personas, load_personas

STUDY = find_study(REPOSITORY)
CULTURAL: Personas = load_personas(STUDY, "cultural", "test")
PEOPLE = {persona.name: persona for persona in CULTURAL.personas}


def test_there_are_four_personas_of_each_category_with_ten_variables_each() -> None:
    categories = [persona.category for persona in CULTURAL.personas]
    assert [categories.count(one) for one in ("moderate", "maximal", "incongruous")] == [4, 4, 4]
    assert all(len(persona.beliefs) == 10 for persona in CULTURAL.personas)
    assert len({persona.beliefs for persona in CULTURAL.personas}) == 12


@pytest.mark.parametrize("persona", CULTURAL.personas, ids=lambda persona: persona.name)
def test_the_declared_category_follows_from_place_and_opposition(persona: Persona) -> None:
    assert CULTURAL.categories[persona.category].faults(persona) == []


@pytest.mark.parametrize("persona", CULTURAL.personas, ids=lambda persona: persona.name)
def test_no_persona_would_earn_another_category(persona: Persona) -> None:
    for name, category in CULTURAL.categories.items():
        if name != persona.category:
            assert category.faults(persona)


def test_the_maximal_personas_are_the_four_corners_of_the_map() -> None:
    corners = {
        tuple(round(place) for place in persona.place().values())
        for persona in CULTURAL.personas
        if persona.category == "maximal"
    }
    assert corners == {(-1, -1), (-1, 1), (1, -1), (1, 1)}


def test_four_variables_load_on_the_first_axis_and_six_on_the_second() -> None:
    axes = [variable.axis for variable, _ in CULTURAL.personas[0].items()]
    assert axes.count("traditional - secular") == 4
    assert axes.count("survival - self-expression") == 6


@pytest.mark.parametrize("name", sorted({*STUDY.names("personas", ".py")} - {"placebo"}))
def test_every_format_tells_any_two_personas_apart_and_none_says_nothing(name: str) -> None:
    texts = [render(STUDY, name, persona, "test") for persona in CULTURAL.personas]
    assert len(set(texts)) == (1 if name == "none" else 12)
    assert (texts[0] == "") == (name == "none")


def test_a_changed_level_changes_one_line_of_every_format_that_lists_lines() -> None:
    persona = PEOPLE["moderate_1"]
    (variable, _), *rest = persona.beliefs
    other = Persona("x", "", ((variable, variable.levels[0].name), *rest))
    for name in ("explicit", "bold", "numeric", "statements"):
        before = render(STUDY, name, persona, "test").split("\n")
        after = render(STUDY, name, other, "test").split("\n")
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_a_format_in_a_new_file_is_there_with_no_other_change(study: Study) -> None:
    (study.root / "personas" / "shouted.py").write_text(
        '"""Shouted: levels in capitals."""\n\nfrom vad import Persona\n\n\n'
        "def render(persona: Persona) -> str:\n"
        '    return "; ".join(level.upper() for _, level in persona.items())\n'
    )
    assert "shouted" in study.names("personas", ".py")
    assert "VERY IMPORTANT" in render(study, "shouted", PEOPLE["maximal_1"], "test")


def test_any_two_moderates_differ_in_four_variables_and_stay_off_the_ends() -> None:
    moderates = [one for one in CULTURAL.personas if one.category == "moderate"]
    for one, other in combinations(moderates, 2):
        differing = sum(a != b for (_, a), (_, b) in zip(one.items(), other.items(), strict=True))
        assert differing >= 4, (one.name, other.name)
    for persona in moderates:
        at_ends = [
            variable
            for variable, level in persona.items()
            if abs(variable.position(level)) == 1 and variable.key != "social_trust"
        ]
        assert len(at_ends) <= 2
        assert all(len(variable.levels) < 4 for variable in at_ends)


def test_the_first_published_moderate_is_the_same_in_both_editions() -> None:
    first = load_personas(STUDY, "cultural_1", "test").personas
    held = [
        {variable.key: level for variable, level in people[0].items()}
        for people in (first, CULTURAL.personas)
    ]
    assert held[0] == held[1]
