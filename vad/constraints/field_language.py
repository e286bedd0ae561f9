"""Field language: all that follows from an output field's type, in one piece.

Built once for a type (fields.py): the texts it may have and one that no other exceeds; the texts
that a program may branch on; how a text's JSON is read back to a typed value; its JSON schema; how
the plain manner shows it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .outlines_types import dsl


class NotRead(Exception):
    """A value that is not the field's; the message is the kind it is counted under."""


@dataclass(frozen=True)
class FieldLanguage:
    """The texts of a type, and what they are.

    read: from JSON's data to the typed value; raises NotRead. shown: the placeholder of the plain
    manner, given the field's description or "". tried: texts that a program may branch on.
    """

    term: dsl.Term
    longest: str
    read: Callable[[Any], Any]
    schema: dict[str, Any]
    shown: Callable[[str], str]
    tried: tuple[str, ...] = ()

    def quoted(self) -> "FieldLanguage":
        """The same texts between JSON's quotes."""
        return replace(
            self,
            term=dsl.Sequence([exactly('"'), self.term, exactly('"')]),
            longest=f'"{self.longest}"',
            tried=tuple(f'"{text}"' for text in self.tried),
        )


def exactly(text: str) -> dsl.Term:
    """The text itself; a line's end escaped as every backend reads it, which re.escape does not."""
    if "\n" not in text:
        return dsl.String(text)
    lines = [dsl.String(line) for line in text.split("\n")]
    return dsl.Sequence([one for line in lines for one in (dsl.Regex(r"\n"), line)][1:])


def size(text: str) -> int:
    """Bytes of a text."""
    return len(text.encode())


def one_of(texts: list[str]) -> str:
    """Texts in a row as a sentence has them: a, b or c."""
    return f"{', '.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else texts[0]
