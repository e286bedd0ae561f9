"""A finding on a set of dilemmas: a figure, its limit, whether it holds, where it does not."""

from collections import defaultdict
from dataclasses import dataclass, field

from ..scenario import Scenario

ENOUGH = 50
"""Shares and classifiers are judged from this many dilemmas on."""


@dataclass
class Finding:
    """One figure: what it is, what it came to, its limit, whether it holds, where it does not."""

    name: str
    figure: str
    limit: str
    holds: bool
    where: list[str] = field(default_factory=list)


def by_value(scenarios: list[Scenario]) -> dict[str, list[int]]:
    """Where the dilemmas of each value stand in a list."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(scenarios):
        places[one.value].append(place)
    return dict(places)
