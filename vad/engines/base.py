"""Base: the interface that every engine speaks: a call, its reply, what it says of itself."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from ..constraints.language import Language


@dataclass(frozen=True)
class Call:
    """One LM call: the messages, the language asked for, whether it is enforced, how to sample.

    schema: the same answer as a JSON schema, for a provider that takes no other constraint.
    prefix: what the answer has begun with already. continuations: asks for no answer, but for the
    probabilities of these continuations, each that of all next tokens that begin it, unmasked.
    """

    messages: list[dict[str, str]]
    language: Language
    constrained: bool
    temperature: float
    top_p: float
    top_k: int
    seed: int
    schema: dict[str, Any] = field(default_factory=dict)
    prefix: str = ""
    continuations: tuple[str, ...] = ()

    @property
    def regex(self) -> str | None:
        """What decoding is held to; None when it is free."""
        return self.language.regex if self.constrained else None

    @property
    def max_tokens(self) -> int:
        """The budget, enough for every text of the language."""
        return self.language.max_tokens


def encodable(text: str) -> str:
    r"""The text as UTF-8 holds it: half a surrogate pair stands as its escape, such as \ud83d."""
    return text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True)
class Reply:
    """What came back: the raw text, why it ended ("stop", "length", ...), and what it cost.

    probabilities: of each of the call's `continuations`; empty where none can be had.
    unseen_tokens: of the prompt's, those that even a prefix cache without bounds would compute; 0
    where the engine does not tell which it has cached.
    """

    text: str
    finish_reason: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    unseen_tokens: int = 0
    probabilities: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Both texts as UTF-8 holds them: no table, file or request takes half a surrogate pair."""
        object.__setattr__(self, "text", encodable(self.text))
        object.__setattr__(self, "finish_reason", encodable(self.finish_reason))


@dataclass
class EngineInfo:
    """What an engine says of itself for the manifest."""

    name: str
    versions: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """What every engine can do. `start` and `close` are called once, `answer` concurrently."""

    async def start(self) -> None:
        """Load what it needs; EngineGone if that fails, with the reason."""

    async def answer(self, call: Call) -> Reply:
        """Answer one call; EngineFailure if no answer came, EngineGone if none will come again."""

    async def close(self) -> None:
        """End every process and thread it started."""

    def about(self) -> EngineInfo:
        """Name and versions."""
