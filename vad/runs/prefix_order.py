"""Prefixes: prompts in an order that shares them, and the fewest tokens that leaves to compute.

An engine that caches prefixes keeps a prompt's keys and values in blocks of so many tokens, and
takes over, from the first on, every whole block of an earlier prompt that began alike. The last
token of a prompt is always computed, as the answer starts from it.
"""

from functools import cache
from typing import Any

from ..constraints.language import AdapterName
from ..design.trials import Conversation


def in_prefix_order(groups: list[list[Conversation]]) -> list[list[Conversation]]:
    """Groups of conversations, those next to each other that begin alike.

    The order is that in which a text first comes up, so of prompts in order none is moved.
    """
    met: dict[str, int] = {}

    def place(group: list[Conversation]) -> list[int]:
        return [met.setdefault(text, len(met)) for text in leading(group[0])]

    return sorted(groups, key=place)


def leading(one: Conversation) -> list[str]:
    """What the first prompt of a conversation is made of: the texts in their order."""
    system = _system(one.part.signatures[0], one.adapter.written)  # type: ignore[arg-type]
    return [*system, *filter(None, one.inputs.values())]


@cache
def _system(signature: Any, written: AdapterName) -> tuple[str, ...]:
    """What the system's turn depends on; DSPy's own adapters describe all fields in it."""
    fields = "" if written == "plain" else str([*signature.fields])
    return written, fields, signature.instructions
