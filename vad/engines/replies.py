"""Replies: what a server sent, read: an answer with its end and its cost, or a complaint.

Providers write errors with status 200, content as parts, usage as null and ends of their own. An
answer under a constraint has to end by "stop"; of one that is only validated the strict parser
decides, and the provider's own word for its end is kept.
"""

import json
import math
import re
from http import HTTPStatus
from typing import Any

from ..errors import EngineFailure
from .base import Reply, encodable

ENDS = {
    "stop": ("stop",),
    "length": ("length", "max_tokens", "max_output_tokens", "model_length"),
    "refused": ("content_filter", "refusal", "safety", "recitation", "prohibited_content", "spii"),
    "failed": ("error", "abort", "aborted", "cancelled", "network_error", "unavailable"),
}
"""What providers call the end of an answer, in lower case, by what it means."""

MEANT = {word: kind for kind, words in ENDS.items() for word in words}
GUARANTEED = ("stop", "length", "content_filter")
"""The ends of a server that holds answers to a constraint; after any other there is none."""

MOST_TOKENS = 2**31
WORDS = 200
"""Characters of a server's own words that a message holds."""


class Complaint(Exception):
    """What a server sent instead of an answer: the status that it stands for, and its words."""

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        super().__init__(f"{status} {words}".strip())


def parse_content(raw: bytes) -> Any:
    """The JSON of a reply; what is none as text."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")


def read_reply(status: int, content: Any, validated: bool) -> Reply:
    """The answer in a reply's content.

    Raises Complaint where there is none, with the status that the provider's error names, and
    EngineFailure for an end under a constraint other than "stop", "length" or a refusal.
    """
    if status != HTTPStatus.OK:
        raise Complaint(status, words_of(content))
    choice = _choice(content)
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    given = choice["text"] if "text" in choice else message.get("content")
    text, end = _text(given), choice.get("finish_reason")
    kind = _kind(end, validated)
    if not text.strip():
        text, kind = _elsewhere(message, text, kind)
    usage = content.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    return Reply(
        text,
        kind,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        cached_tokens=_count(details.get("cached_tokens") if isinstance(details, dict) else 0),
        output_tokens=_count(usage.get("completion_tokens")),
    )


def words_of(content: Any) -> str:
    """A server's own words about what went wrong, in one line; JSON or a page of HTML."""
    if isinstance(content, str):
        words = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]*>", " ", content)
    else:
        found = content
        for key in ("error", "message"):
            if isinstance(found, dict) and found.get(key):
                found = found[key]
        words = found if isinstance(found, str) else str(found)
    return encodable(" ".join(words.split()))[:WORDS]


def _choice(content: Any) -> dict[str, Any]:
    """The first choice; Complaint for an error of the reply, of the choice, or none at all."""
    if not isinstance(content, dict):
        raise Complaint(HTTPStatus.OK, f"no answer in the server's reply: {words_of(content)}")
    if content.get("error"):
        raise Complaint(_status(content["error"]), words_of(content))
    choices = content.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise Complaint(HTTPStatus.OK, f"no answer in the server's reply: {words_of(content)}")
    if choice.get("error"):
        raise Complaint(_status(choice["error"]), words_of(choice))
    if "text" not in choice and not isinstance(choice.get("message"), dict):
        raise Complaint(HTTPStatus.OK, f"no answer in the server's reply: {words_of(content)}")
    return choice


def _status(error: Any) -> int:
    """The status that an error names as its code; that of a server in trouble where it does not."""
    given = error.get("code", error.get("status")) if isinstance(error, dict) else None
    if isinstance(given, str) and given.isdecimal():
        given = int(given)
    if isinstance(given, int) and 400 <= given < 600:
        return given
    return HTTPStatus.BAD_GATEWAY


def _text(given: Any) -> str:
    """Content as text: the text parts of a list joined, thoughts left out."""
    if given is None:
        return ""
    if isinstance(given, str):
        return given
    if isinstance(given, list):
        return "".join(_part(one) for one in given)
    if isinstance(given, dict) and isinstance(given.get("text"), str):
        return str(given["text"])
    return json.dumps(given, ensure_ascii=False)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
        text = part.get("text")
        return text if isinstance(text, str) else ""
    return ""


def _kind(end: Any, validated: bool) -> str:
    """How an answer ended: "stop", "length", "refused", or a provider's own word."""
    kind = MEANT.get(str(end).lower(), "")
    if not validated and end not in GUARANTEED:
        raise EngineFailure(f'the server ended the answer by "{end}"')
    if kind == "failed":
        raise Complaint(HTTPStatus.BAD_GATEWAY, f'the server ended the answer by "{end}"')
    return kind or ("not said" if end is None else str(end)[:WORDS])


def _elsewhere(message: dict[str, Any], text: str, kind: str) -> tuple[str, str]:
    """What a message without content holds beside it, under a name that says where it stood."""
    if isinstance(message.get("refusal"), str) and message["refusal"]:
        return message["refusal"], "refused"
    if message.get("tool_calls"):
        return f"<tool_calls>{json.dumps(message['tool_calls'], ensure_ascii=False)}", "tool call"
    thought = message.get("reasoning_content") or message.get("reasoning")
    if thought and kind != "refused":
        return f"<reasoning_content>{_text(thought)}", "length" if kind == "length" else "reasoning"
    return text, kind


def _count(given: Any) -> int:
    """A count of tokens; 0 where a provider gives none that can be one."""
    if not isinstance(given, int | float) or not math.isfinite(given):
        return 0
    return int(given) if 0 <= given < MOST_TOKENS else 0
