"""Settings: what an experiment sets, and a condition, one choice of all that it varies."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..constraints.adapter import Turn
from ..constraints.language import AdapterName
from ..study.formats import EVERYTHING, NOTHING
from ..study.models import Sampling
from ..study.personas import Persona
from .columns import BASELINE, NAMED, column

NOT_VARIED = ("limit", "asks")


class Settings(BaseModel):
    """Everything an experiment sets; any of it may stand under [vary] with a list of values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenarios: str = "dilemmas"
    personas: str = "cultural"
    model: str = "pocket"
    program: str = "direct"
    format: str = "none"
    persona_turn: Turn = "user"
    variable_order: Literal["fixed", "reversed", "seeded"] = "fixed"
    leave_out: str = NOTHING
    keep_only: str = EVERYTHING
    questions: str = "agreement"
    definition: bool = False
    implausible: Literal["ask", "leave out"] = "ask"
    asks: list[Literal["value", "competing", "action", "level"]] = Field(
        ["value", "action"], min_length=1
    )
    decoding: Literal["constrained", "free", "letter"] = "constrained"
    adapter: AdapterName = "plain"
    order: Literal["balanced", "shuffled", "fixed"] = "balanced"
    backend: Literal["auto", "outlines", "xgrammar", "guidance"] = "auto"
    repeats: int = Field(3, ge=1, le=1000)
    seed: int = 2026
    limit: int | None = Field(None, ge=1)
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None

    def sampling(self) -> Sampling:
        """The sampling settings that the experiment itself makes."""
        return Sampling(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k)


class Only(BaseModel):
    """What an experiment is narrowed to, by name; empty lists narrow nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    personas: list[str] = []
    values: list[str] = []
    topics: list[str] = []
    scenarios: list[str] = []


@dataclass(frozen=True)
class Condition:
    """One choice of every varied setting, crossed with one persona (None: the baseline)."""

    settings: Settings
    factors: dict[str, Any]
    persona: Persona | None
    block: str

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The columns that tell this condition from the others in every table."""
        who = self.persona
        return {
            **self.settings.model_dump(include=NAMED),
            "persona": who.name if who else BASELINE,
            "category": who.category if who else BASELINE,
            **{column(key): level for key, level in self.factors.items() if key not in NAMED},
        }
