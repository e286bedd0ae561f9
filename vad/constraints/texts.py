"""Texts: bounded in length, of characters that JSON writes as they are, or held to a pattern."""

import re
from typing import Annotated, Any

import dspy

from ..errors import StudyError
from .field_language import FieldLanguage, NotRead
from .metadata import AnyScript, lengths, pattern_of
from .outlines_types import dsl
from .patterns import Endless, finite_pattern
from .refusals import not_finite

PLAIN_CHARACTERS = r" !#-\[\]-~"
"""Printable ASCII without quote and backslash: a byte each, and JSON escapes none of them."""

OTHER_SCRIPTS = "\u00a0-\u2027\u202f-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\uffef"
"""The rest of the Basic Multilingual Plane: no controls, no line or direction marks, no private
use, no replacement character. Emoji and rare historic scripts lie outside the plane."""

WIDEST_CHARACTER = "\u754c"
"""A character of SCRIPTS in three bytes of UTF-8; none of the plane has more."""

Unicode = Annotated[str, AnyScript()]
"""A text in any script, `reasoning: Unicode = dspy.OutputField(max_length=400)`: the bound is in
characters, the budget in bytes, three a character."""


def is_text(annotation: Any) -> bool:
    """Whether a type is a text: str, or DSPy's own for a thought."""
    return annotation is str or (
        isinstance(annotation, type) and issubclass(annotation, dspy.Reasoning)
    )


def text(
    annotation: Any, said: list[Any], where: str, name: str, inside: tuple[Any, ...]
) -> FieldLanguage:
    """A bounded text without its quotes; at least one character unless min_length says else."""
    pattern = pattern_of(said)
    most, least = lengths(said, 1)
    if pattern is not None:
        term, longest = _patterned(pattern, said, where, name, inside)
    elif most is None:
        raise not_finite(annotation, where, name, inside)
    elif not 0 <= least <= most or most < 1:
        raise StudyError(where, f"is to have at least {least} and at most {most} characters")
    else:
        any_script = any(isinstance(one, AnyScript) for one in said)
        one = dsl.Regex(f"[{PLAIN_CHARACTERS}{OTHER_SCRIPTS if any_script else ''}]")
        term = dsl.QuantifyBetween(one, least, most)
        longest = (WIDEST_CHARACTER if any_script else "x") * most
    # An answer that nothing held may be empty where the definition does not forbid it.
    _, written_least = lengths(said, 0)
    form = f"in the form {pattern}" if pattern is not None else ""
    schema: dict[str, Any] = {"type": "string"}
    schema |= {"minLength": written_least} if written_least else {}
    schema |= {"maxLength": most} if most is not None else {}
    schema |= {"pattern": f"^(?:{pattern})$"} if pattern is not None else {}

    def read(content: Any) -> Any:
        if not isinstance(content, str):
            raise NotRead("wrong type")
        if len(content) < written_least or (most is not None and len(content) > most):
            raise NotRead("out of bounds")
        if pattern is not None and not re.fullmatch(pattern, content):
            raise NotRead("out of bounds")
        return content if annotation is str else annotation(content=content)

    def shown(described: str) -> str:
        return f'"<{": ".join(filter(None, [described, form])) or "text"}>"'

    return FieldLanguage(term, longest, read, schema, shown)


def _patterned(
    pattern: str, said: list[Any], where: str, name: str, inside: tuple[Any, ...]
) -> tuple[dsl.Term, str]:
    """The texts that are the pattern from end to end."""
    most, least = lengths(said, 0)
    try:
        found = finite_pattern(pattern)
    except Endless as reason:
        write = rf'{name or "word"}: str = dspy.OutputField(pattern=r"[a-z]{{1,20}}")'
        raise StudyError(
            where, f"has a pattern that decoding cannot be held to: {reason}", f"write: {write}"
        ) from None
    if (most is not None and found.most > most) or found.least < least:
        raise StudyError(
            where,
            f"has a pattern of {found.least} to {found.most} characters, and is to have "
            f"{least} to {most if most is not None else 'any number'}",
            "leave min_length and max_length out: the pattern bounds the text",
        )
    return dsl.Regex(found.regex), found.longest
