"""Which condition is compared with which, from a table of conditions alone."""

from typing import Any

from tests.helpers.run_folders import FIXED
from vad.analysis.contrasts import contrasts


def planned(*who: dict[str, Any], **levels: list[Any]) -> list[tuple[str, str, str, bool, int]]:
    conditions = [FIXED | one for one in who]
    return [
        (one.factor, one.level, one.reference, one.primary, len(one.pairs))
        for one in contrasts(conditions, levels)
    ]


def test_a_persona_meets_the_baseline_of_its_own_model_and_a_model_its_reference() -> None:
    who = [
        one | {"model": model}
        for model in ("a", "b")
        for one in (
            {},
            {"format": "explicit", "persona": "p", "category": "moderate"},
            {"format": "explicit", "persona": "q", "category": "moderate"},
        )
    ]
    found = planned(*who, model=["a", "b"], format=["none", "explicit"])
    assert [one for one in found if one[3]] == [
        ("category", "moderate", "baseline", True, 2),
        ("category", "moderate", "baseline", True, 2),
        ("model", "b", "a", True, 3),
        ("format", "explicit", "none", True, 4),
    ]
    # Each persona in each model; each condition and each category of b against a's.
    assert sum(one[0] == "persona" for one in found) == 4
    assert sorted(one[4] for one in found if one[0] == "model" and not one[3]) == [1, 1, 1, 2]


def test_one_category_in_one_format_is_tested_once() -> None:
    found = planned(
        {}, {"format": "explicit", "persona": "p", "category": "c"}, format=["none", "explicit"]
    )
    assert [one[0] for one in found if one[3]] == ["category"]


def test_without_a_baseline_formats_are_still_compared_with_the_first() -> None:
    who = [{"format": name, "persona": "p", "category": "c"} for name in ("explicit", "bold")]
    found = planned(*who, format=["explicit", "bold"])
    assert found == [("format", "bold", "explicit", True, 1)]
