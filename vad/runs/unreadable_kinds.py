"""Kinds of unreadable answers: how each is counted, and what a person can do about it."""

from collections import Counter
from collections.abc import Mapping

ENDED = {
    "length": "cut off",
    "abort": "cut off",
    "none": "cut off",
    "refused": "refused",
    "reasoning": "in the reasoning",
    "tool call": "in a tool call",
}
"""The kind of an answer by how it ended, where that says more than its text."""

NOT_HELD = (
    "nothing held the answer to its schema: of providers that take one some ignore it, and free "
    "decoding has none"
)
HINTS = {
    "thinking": "the answer begins with a thought: switch it off in engine_args (its provider's "
    'name for that, such as reasoning_effort = "none"), or have it kept apart from the answer',
    "in the reasoning": "the content is empty and all stands in reasoning_content: its server's "
    "reasoning parser takes the answer for a thought; switch one of the two off",
    "fenced": "the answer stands in a Markdown fence: the provider does not hold it to the schema; "
    'take one that does, or another response_format ("json_object", "plain_schema")',
    "in a tool call": "the provider answers by calling a tool: take a model or a provider that "
    "answers in the content",
    "refused": "the model or its provider refuses the question: read `text` in responses",
    "cut off": "the budget ended before the answer did: where the model thinks unseen, raise "
    "hidden_tokens",
    "empty": "nothing came: a model that thinks unseen may need hidden_tokens",
    "no JSON": NOT_HELD,
    "prose around": NOT_HELD,
}
ELSE = "read `text` in responses"


def kind_of(ended: str, kind: str) -> str:
    """What an unreadable answer is counted under; kind: what the parser says of its text."""
    return ENDED.get(ended, kind)


def hints(kinds: Mapping[str, int]) -> list[str]:
    """A line a kind, the most frequent first, each with what may mend it."""
    return [
        f"{count:,} {kind}: {HINTS.get(kind, ELSE)}" for kind, count in Counter(kinds).most_common()
    ]
