"""The personas: categories are earned, formats say what the levels are."""

from dataclasses import replace
from itertools import combinations

import pytest

from tests.helpers.studies import REPOSITORY
from vad.errors import StudyError
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
    other = replace(persona, beliefs=((variable, variable.levels[0].name), *rest))
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


STUDENTS = """
[variables.age_band]
asks = "how old one is"
levels = [{ name = "18-24", numbers = "1-5" }, { name = "25+", numbers = "6-10" }]

[variables.residence]
asks = "where one lives"
levels = [{ name = "rural", numbers = "1-5" }, { name = "urban", numbers = "6-10" }]

[personas.anna]
age_band = "18-24"
residence = "urban"
"""
SPOKEN = [
    "explicit",
    "bold",
    "numeric",
    "numbers_only",
    "paragraph",
    "table",
    "first_person",
    "second_person",
    "third_person",
]


@pytest.mark.parametrize("name", SPOKEN)
def test_a_format_says_of_variables_off_any_axis_nothing_of_axes_or_values(
    study: Study, name: str
) -> None:
    (study.root / "personas" / "students.toml").write_text(STUDENTS)
    (anna,) = load_personas(study, "students", "test").personas
    text = render(study, name, anna, "test")
    for word in ("axis", "axes", "traditional", "survival", "value", "outlook"):
        assert word not in text
    assert "These are the two things known of" in text
    alone = render(study, name, anna.only(["residence"]), "test")
    assert "This is the one thing known of" in alone


@pytest.mark.parametrize("name", SPOKEN)
def test_a_format_names_the_axes_that_the_file_has_and_no_others(study: Study, name: str) -> None:
    one = STUDENTS.replace("asks =", 'axis = "left - right"\nasks =')
    (study.root / "personas" / "students.toml").write_text(one)
    (anna,) = load_personas(study, "students", "test").personas
    text = render(study, name, anna, "test")
    assert "described on one axis, left to right. These are the two values" in text
    assert "traditional" not in text


@pytest.mark.parametrize(
    ("found", "written", "key"),
    [
        ("personas.anna", "personas.baseline", "personas.baseline"),
        ("personas.anna", 'personas."Baseline "', "personas.Baseline"),
        ('"rural"', '"baseline"', "variables.residence.levels"),
        ("[personas.anna]", "[categories.baseline]\n[personas.anna]", "categories.baseline"),
    ],
)
def test_nobody_bears_the_name_of_the_condition_without_a_persona(
    study: Study, found: str, written: str, key: str
) -> None:
    (study.root / "personas" / "students.toml").write_text(STUDENTS.replace(found, written, 1))
    with pytest.raises(StudyError, match=f"{key}.*\n.*is taken: tables call the condition without"):
        load_personas(study, "students", "test")


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
