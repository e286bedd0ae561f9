"""The split of scenarios into train, validation and test: half, a quarter, a quarter.

A circle is cut into the three parts. The seed and a scenario's value say where on it the value
begins, its topic how far from there the scenario stands; where it has no topic of the study, its
id. So nothing but itself decides a scenario's part: one that is added moves no other. The topics of
a value are spread evenly (a Kronecker sequence), so each value is in each part in about its share.
Dilemmas of one value and topic are alike and stay in one part.
"""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Literal

from ...study.hashing import digest
from ...study.scenarios import Scenario

ScenarioPart = Literal["train", "validation", "test"]
PART_ENDS: dict[ScenarioPart, float] = {"train": 0.5, "validation": 0.75, "test": 1.0}
"""Where on the circle, of circumference 1, each part ends."""

STEP = (sqrt(5) - 1) / 2
"""From a topic to the next: the golden ratio leaves the smallest gaps, however many there are."""


def part_of(scenario: Scenario, topics: Sequence[str], seed: int) -> ScenarioPart:
    """The part that a scenario is in.

    topics: of the study, in the order of its file; those added at its end move nothing.
    """
    if scenario.topic in topics:
        turn = topics.index(scenario.topic) * STEP
    else:
        turn = _fraction(seed, scenario.value, scenario.id)
    place = (_fraction(seed, scenario.value) + turn) % 1
    return next(part for part, end in PART_ENDS.items() if place < end)


def split(
    scenarios: Iterable[Scenario], topics: Sequence[str], seed: int
) -> dict[ScenarioPart, list[Scenario]]:
    """Each scenario in its part, in the order given."""
    parts: dict[ScenarioPart, list[Scenario]] = {part: [] for part in PART_ENDS}
    for one in scenarios:
        parts[part_of(one, topics, seed)].append(one)
    return parts


def _fraction(*decided_by: object) -> float:
    """A number from 0 to below 1 that a hash of these alone decides."""
    return int(digest("split", *decided_by)[:12], 16) / 16**12
