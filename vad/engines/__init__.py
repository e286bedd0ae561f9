"""Engines: what answers a call. All speak one small interface; the profile names which.

An engine is handed messages and a constraint and gives back text with its finish reason. It never
repairs, guesses or falls back: what it cannot answer it raises as EngineFailure.
"""

from dataclasses import dataclass, field
from typing import Protocol

from ..model import Model
from ..study import Study


@dataclass(frozen=True)
class Call:
    """One LM call: the messages, what the answer is held to (None: nothing), how to sample."""

    messages: list[dict[str, str]]
    regex: str | None
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    seed: int
    backend: str = "auto"


@dataclass(frozen=True)
class Reply:
    """What came back: the raw text, why it ended ("stop", "length", ...), and what it cost."""

    text: str
    finish_reason: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


@dataclass
class About:
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

    def about(self) -> About:
        """Name and versions."""


def make_engine(model: Model, study: Study, need: int) -> Engine:
    """The engine of a profile; `need` is the longest prompt and answer together, in tokens.

    Raises StudyError if the packages of the engine are not installed.
    """
    if model.engine == "simulated":
        from .simulated import load_simulated

        return load_simulated(model, study)
    if model.engine == "transformers":
        from .transformers import TransformersEngine

        return TransformersEngine(model, study)
    from .vllm import VllmEngine

    return VllmEngine(model, study, need)
