"""Orders that a seed and names alone decide: of scenarios, of a question's options."""

import itertools
from collections import Counter
from collections.abc import Iterable
from functools import cache
from random import Random
from typing import Any

from ..study.hashing import digest
from ..study.scenarios import Scenario


def select(scenarios: list[Scenario], seed: int, limit: int | None) -> list[Scenario]:
    """The first `limit` scenarios of an order that the seed and each id alone decide."""
    if limit is None:
        return scenarios
    return sorted(scenarios, key=lambda one: digest(seed, one.id))[:limit]


@cache
def option_order(
    how: str, seed: int, scenario: str, question: str, size: int, repeat: int
) -> tuple[int, ...]:
    """Which option stands at each place; decided by the arguments alone, on any machine.

    scenario: its id. repeat: counted from 0; of repeats in several wordings, how often these came
    round.

    balanced: actions rotate through a base permutation, a scale runs forward and reversed in turn.
    shuffled: an independent permutation each time. fixed: as the file has them.
    """
    forward = tuple(range(size))
    if how == "fixed":
        return forward
    if how == "shuffled":
        return _permutation(size, seed, scenario, question, repeat)
    base = _permutation(size, seed, scenario, question)
    if question != "action":
        return forward if (base[0] < base[-1]) == (repeat % 2 == 0) else forward[::-1]
    turn = repeat % size
    return base[turn:] + base[:turn]


def _permutation(size: int, *decided_by: Any) -> tuple[int, ...]:
    order = list(range(size))
    Random(digest(*decided_by)).shuffle(order)
    return tuple(order)


def balance(asked: Iterable[tuple[str, tuple[int, ...]]]) -> dict[str, float]:
    """How far option and place are from independent, a question: 0 each option everywhere alike.

    asked: of each trial the name of its question and the order of its options.
    The largest difference between an option's share at a place and an equal share, in questions of
    any one number of options.
    """
    counts: dict[tuple[str, int], Counter[tuple[int, int]]] = {}
    for question, order in asked:
        counts.setdefault((question, len(order)), Counter()).update(enumerate(order))
    worst: dict[str, float] = {}
    for (name, size), tally in counts.items():
        total = sum(tally.values()) / size
        apart = max(
            abs(tally[place, option] / total - 1 / size)
            for place, option in itertools.product(range(size), range(size))
        )
        worst[name] = max(apart, worst.get(name, 0.0))
    return worst
