"""Prefixes: prompts in an order that shares them, and the fewest tokens that leaves to compute.

An engine that caches prefixes keeps a prompt's keys and values in blocks of so many tokens, and
takes over, from the first on, every whole block of an earlier prompt that began alike. The last
token of a prompt is always computed, as the answer starts from it.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from .engines import cuda_here
from .manner import Written
from .model import Model
from .trial import Conversation

CPU_BLOCK = 32
"""Tokens of a block where vLLM's own choice (128) would share little, and 16 does not work."""

CUDA_BLOCK = 16
"""vLLM's own choice."""


def block_size(model: Model) -> int:
    """Tokens of a KV block, as far as it is known before the engine is up."""
    return int(model.engine_args.get("block_size", CUDA_BLOCK if cuda_here() else CPU_BLOCK))


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
    system = _system(one.part.signatures[0], one.manner.written)  # type: ignore[arg-type]
    return [*system, *filter(None, one.inputs.values())]


@cache
def _system(signature: Any, written: Written) -> tuple[str, ...]:
    """What the system's turn depends on; DSPy's own adapters describe all fields in it."""
    fields = "" if written == "plain" else str([*signature.fields])
    return written, fields, signature.instructions


class Prefixes:
    """The prefix trie of all prompts so far, and of the answers written after them, counted in
    blocks of the engine's size."""

    def __init__(self, block: int) -> None:
        self.block = block
        self._met: set[int] = set()

    def unseen(self, prompt: Sequence[int]) -> int:
        """Of a prompt's tokens those that a cache without bounds would leave to compute.

        Summed over prompts, none of which is the beginning of another, it is the least that is
        possible, whichever their order.
        """
        shared = self.meet(prompt)
        return len(prompt) - min(shared, (len(prompt) - 1) // self.block * self.block)

    def meet(self, tokens: Sequence[int]) -> int:
        """Take in a text; of its tokens those in whole blocks that were met before."""
        before = 0
        shared = 0
        for start in range(0, len(tokens) - self.block + 1, self.block):
            before = hash((before, *tokens[start : start + self.block]))
            if before in self._met:
                shared += self.block
            else:
                self._met.add(before)
        return shared
