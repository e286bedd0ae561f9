"""Thinking: a bounded thought before the answer, part of the same finite language.

The thought is the constraint's first part: what opens it, at most so many characters, what closes
it. Of its characters the first of the closing text is left out, so where it ends is never in doubt.
"""

from ..study.models import Thinking
from .language import Language
from .outlines_types import dsl


def with_thought(answer: Language, thinking: Thinking | None) -> Language:
    """The language of a thought and then the answer; the answer's own where there is none."""
    if thinking is None:
        return answer
    most = thinking.characters
    thought = dsl.Sequence(
        [
            dsl.String(thinking.opens),
            dsl.QuantifyBetween(dsl.Regex(_characters(thinking)), 0, most),
            dsl.String(thinking.closes),
        ]
    )
    return Language(
        dsl.to_regex(thought) + answer.regex,
        thinking.opens + "~" * most + thinking.closes + answer.longest,
    )


def after_thought(text: str, thinking: Thinking | None) -> str:
    """The answer behind the thought; the whole text where no thought was closed."""
    if thinking is None:
        return text
    _, closed, after = text.removeprefix(thinking.opens).partition(thinking.closes.strip())
    return after.lstrip() if closed else text


def _characters(thinking: Thinking) -> str:
    """Printable ASCII, a byte each, and the line break, without what begins the closing text."""
    left_out = ord(thinking.closes.strip()[0])
    return rf"[\n\x20-\x{left_out - 1:02x}\x{left_out + 1:02x}-\x7e]"
