"""Manner: how the calls of a conversation are written."""

from dataclasses import dataclass
from typing import Literal

Written = Literal["plain", "chat", "json"]
Turn = Literal["user", "system"]


@dataclass(frozen=True)
class Manner:
    """How the calls of a conversation are written.

    written: plain, as the study has it; chat and json, as DSPy's own adapters do.
    persona_turn: where the field `persona` stands, in the user turn or at the end of the system's.
    offered: for output fields whose question has fewer options than the signature has answers, how
    many of them, from the first on, may be given.
    """

    written: Written = "plain"
    persona_turn: Turn = "user"
    offered: tuple[tuple[str, int], ...] = ()


PLAIN = Manner()
