"""Blind readings: a reader who sees the labels agrees in all, one who guesses agrees in none."""

import random

import pytest

from tests.helpers.studies import REPOSITORY
from vad.study.loader import find_study
from vad.study.scenarios import load_scenarios
from vad.tools.curation.blind_readings import agreement_with, labelled, unshuffled

OURS = load_scenarios(find_study(REPOSITORY), "dilemmas", "test")[:112]
LABELS = {one.id: labelled(one) for one in OURS}


def test_the_labels_of_a_file_are_a_reading_of_it() -> None:
    # The file's order: aligned mild, moderate, strong, then opposed mild, moderate, strong.
    assert labelled(OURS[0]).sides == (1, 1, 1, -1, -1, -1)
    assert labelled(OURS[0]).ranks == (2, 1, 0, 3, 4, 5)


def test_a_reader_who_finds_each_place_in_shuffled_actions_agrees_in_all() -> None:
    rng = random.Random(1)
    found = {}
    for name, label in LABELS.items():
        shown = rng.sample(range(6), 6)
        ranks = [label.ranks[option] for option in shown]
        order = [ranks.index(rank) + 1 for rank in range(6)]
        sides = ["carries" if label.sides[option] == 1 else "gives up" for option in shown]
        found[name] = unshuffled(order, sides, shown)
    one = agreement_with(found, LABELS)
    assert (one.dilemmas, one.side_kappa, one.exact_place) == (112, 1, 1)
    assert one.side_interval == one.place_interval == (1, 1)


def test_a_reader_who_guesses_agrees_in_a_sixth_of_the_places_and_in_no_side_beyond_chance() -> (
    None
):
    rng = random.Random(2)
    found = {
        name: unshuffled(
            rng.sample(range(1, 7), 6), rng.choices(["carries", "gives up"], k=6), range(6)
        )
        for name in LABELS
    }
    one = agreement_with(found, LABELS)
    assert one.side_kappa == pytest.approx(0, abs=0.15)  # four standard errors of 672 guesses
    assert one.exact_place == pytest.approx(1 / 6, abs=0.06)


def test_kappa_by_hand_where_one_side_in_six_is_read_otherwise() -> None:
    shown = range(6)
    read = unshuffled([3, 2, 1, 4, 5, 6], ["carries"] * 3 + ["carries"] + ["gives up"] * 2, shown)
    one = agreement_with({"a": read}, {"a": LABELS[OURS[0].id]})
    # 5 of 6 agree; by chance 4/6 * 1/2 + 2/6 * 1/2 = 1/2 would.
    assert one.side_kappa == pytest.approx((5 / 6 - 1 / 2) / (1 - 1 / 2))


@pytest.mark.parametrize(
    ("order", "sides"), [([1, 2, 3, 4, 5, 5], ["carries"] * 6), ([1, 2, 3, 4, 5, 6], ["yes"] * 6)]
)
def test_an_answer_that_is_no_order_or_no_side_is_refused(
    order: list[int], sides: list[str]
) -> None:
    with pytest.raises(ValueError, match="write"):
        unshuffled(order, sides, range(6))
