"""Prefix cache: blocks of tokens that prompts share, and the fewest left to compute."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from ..study.models import Model


def cuda_here() -> bool:
    """Whether this machine has an NVIDIA driver."""
    return Path("/proc/driver/nvidia").exists() or shutil.which("nvidia-smi") is not None


CPU_BLOCK = 32
"""Tokens of a block where vLLM's own choice (128) would share little, and 16 does not work."""


CUDA_BLOCK = 16
"""vLLM's own choice."""


def block_size(model: Model) -> int:
    """Tokens of a KV block, as far as it is known before the engine is up."""
    return int(model.engine_args.get("block_size", CUDA_BLOCK if cuda_here() else CPU_BLOCK))


class PrefixCache:
    """The prefix trie of all prompts so far, and of the answers written after them, counted in
    blocks of the engine's size."""

    def __init__(self, block: int) -> None:
        self.block = block
        self._seen: set[int] = set()

    def unseen(self, prompt: Sequence[int]) -> int:
        """Of a prompt's tokens those that a cache without bounds would leave to compute.

        Summed over prompts, none of which is the beginning of another, it is the least that is
        possible, whichever their order.
        """
        shared = self.add(prompt)
        return len(prompt) - min(shared, (len(prompt) - 1) // self.block * self.block)

    def add(self, tokens: Sequence[int]) -> int:
        """Take in a text; of its tokens those in whole blocks that were met before."""
        before = 0
        shared = 0
        for start in range(0, len(tokens) - self.block + 1, self.block):
            before = hash((before, *tokens[start : start + self.block]))
            if before in self._seen:
                shared += self.block
            else:
                self._seen.add(before)
        return shared
