"""Orders that a seed and names alone decide: of scenarios, of a question's options."""

import hashlib
import json
from functools import cache
from random import Random
from typing import Any

from .scenario import Scenario


def digest(*parts: Any) -> str:
    """A hash of parts, the same on any machine: 24 hexadecimal digits."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()


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
