"""Context: whether a prompt leaves room for its answer, checked before every call."""

from ..errors import DoesNotFit
from .base import Call
from .tokenizer import Tokenizer


def require_room(call: Call, prompt_tokens: int, length: int) -> None:
    """DoesNotFit for a prompt that, with the budget of its answer, exceeds the context.

    prompt_tokens: its tokens, or an upper bound of them. length: the context, in tokens.
    """
    if prompt_tokens + call.max_tokens > length:
        raise DoesNotFit(prompt_tokens, call.max_tokens, length)


def require_room_for(call: Call, tokens: Tokenizer, length: int) -> None:
    """The same by a tokenizer: bytes first, as a token is at least a byte, tokens if need be."""
    text = tokens.prompt(call.messages) + call.prefix
    if len(text.encode()) + call.max_tokens > length:
        require_room(call, tokens.count(text), length)


def require_room_in_words(call: Call, length: int) -> None:
    """The same where a function answers: words stand for tokens, and its answer takes no room."""
    if words(call) > length:
        raise DoesNotFit(words(call), call.max_tokens, length)


def words(call: Call) -> int:
    """The words of a prompt, which stand for tokens where a function answers."""
    return sum(len(message["content"].split()) for message in call.messages)
