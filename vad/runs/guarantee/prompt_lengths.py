"""Lengths: the tokens of every prompt, bounded by its blocks, each of which is counted once."""

from dataclasses import dataclass

from ...design.trials import Conversation
from ...engines.tokenizer import ByteCounter, Tokenizer
from .dry_run import DryPath

MERGES = 8
"""Tokens that a prompt may take more than its blocks counted one by one."""


@dataclass(frozen=True)
class Shape:
    """An LM call: its own tokens, how often each block stands in it, its budget, and what it opens
    with: a text of its own, then blocks by name."""

    own: int
    times: dict[str, int]
    budget: int
    lead: str
    order: list[str]


class PromptLengths:
    """Prompt lengths of every conversation of a part on one path, from its blocks, each counted
    once."""

    def __init__(
        self, tokens: Tokenizer | ByteCounter, sample: Conversation, path: DryPath
    ) -> None:
        self.tokens = tokens
        self.calls: list[Shape] = []
        before = 0
        for asked in path.calls:
            text = tokens.prompt(asked.call.messages)
            times = _times(text, sample.inputs)
            own = tokens.count(text) - sum(
                count * tokens.count(sample.inputs[name]) for name, count in times.items()
            )
            order = sorted(times, key=lambda name: text.find(sample.inputs[name]))
            lead = text[: text.find(sample.inputs[order[0]])] if order else text
            self.calls.append(Shape(own + before, times, asked.call.max_tokens, lead, order))
            # Of an earlier answer only the bytes are known, and a token is at least a byte.
            before += len(asked.reply.text.encode())

    def prompts(self, conversation: Conversation) -> list[tuple[int, int]]:
        """For each call: tokens of its prompt (an upper bound) and of its answer's budget."""
        count, blocks = self.tokens.count, conversation.inputs
        return [
            (
                call.own + MERGES + sum(n * count(blocks[name]) for name, n in call.times.items()),
                call.budget,
            )
            for call in self.calls
        ]

    def openings(self, conversation: Conversation) -> list[list[tuple[str, int]]]:
        """For each call the texts that its prompt opens with, in order, each with its tokens."""
        count, blocks = self.tokens.count, conversation.inputs
        return [
            [
                (text, count(text))
                for text in (call.lead, *(blocks[name] for name in call.order))
                if text
            ]
            for call in self.calls
        ]


def shared(before: list[tuple[str, int]], prompt: list[tuple[str, int]]) -> int:
    """The tokens that two prompts begin with, by the texts they open with."""
    total = 0
    for (one, count), (other, _) in zip(before, prompt, strict=False):
        if one != other:
            break
        total += count
    return total


def _times(text: str, blocks: dict[str, str]) -> dict[str, int]:
    """How often each block stands in a prompt; one within another is not counted again."""
    times = {}
    for name, block in sorted(blocks.items(), key=lambda one: -len(one[1])):
        if block:
            times[name] = text.count(block)
            text = text.replace(block, "\0")
    return times
