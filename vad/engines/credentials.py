"""Credentials: a profile's key, from the environment to the header, and nowhere else."""

import html
import json
import os
from typing import Any
from urllib.parse import quote

from ..errors import StudyError

SECRET_FROM = 8
"""Characters from which on a key is looked for in answers; a shorter one, such as EMPTY, is no
secret, and may be a word of theirs."""


class Credentials:
    """The key that the variable `variable` holds; without a name of one there is none."""

    def __init__(self, variable: str, place: str) -> None:
        """Raises StudyError for a variable that is not set, or whose content no header takes."""
        self.variable = variable
        self._key = os.environ.get(variable, "").strip()
        if not variable:
            self._key = ""
        elif not self._key:
            raise StudyError(
                place,
                f"the environment has no {variable}",
                f"set it before the run: export {variable}=...",
            )
        fault = _fault(self._key)
        if fault:
            raise StudyError(
                place,
                f"the environment's {variable} holds {fault}, which no HTTP header takes",
                "set it to the key alone, as its provider shows it",
            )
        written = json.dumps(self._key)[1:-1]
        spelled = {self._key, written, html.escape(self._key), quote(self._key, safe="")}
        self._spelled = sorted(spelled - {""}, key=len, reverse=True)

    def __repr__(self) -> str:
        """The variable's name, never its content."""
        return f"Credentials({self.variable!r})"

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def redact(self, text: str) -> str:
        """A text without the key, however it is spelled there."""
        for one in self._spelled:
            text = text.replace(one, "***")
        return text

    def redact_reply(self, content: Any) -> Any:
        """What a server sent, its every text without the key."""
        if len(self._key) < SECRET_FROM:
            return content
        if isinstance(content, str):
            return self.redact(content)
        if isinstance(content, list):
            return [self.redact_reply(one) for one in content]
        if isinstance(content, dict):
            return {self.redact(key): self.redact_reply(one) for key, one in content.items()}
        return content


def _fault(key: str) -> str:
    """What of a key cannot be sent; nothing where all of it can."""
    if "\n" in key or "\r" in key:
        return "a line end in its middle"
    if any(ord(one) < 0x20 or ord(one) == 0x7F for one in key):
        return "a control character"
    if not key.isascii():
        return "a character outside ASCII"
    return ""
