"""Settings: what an experiment sets, and a condition, one choice of all that it varies."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .format import EVERYTHING, NOTHING
from .manner import Turn, Written
from .model import Sampling
from .persona import Persona

NOT_VARIED = ("limit", "asks")
BASELINE = "baseline"
"""The name, in the columns persona and category, of a condition that shows no persona."""

NAMED = {"model", "program", "format", "decoding", "adapter"}
"""The settings that have a column in every run, varied or not."""

OF_PERSONA = ("personas", "persona_turn", "variable_order", "leave_out", "keep_only")
"""The settings that change nothing where no persona is shown; a baseline has their references."""


def column(setting: str) -> str:
    """A varied setting's column; `order` is each answer's own order, so the setting gives way."""
    return "option_order" if setting == "order" else setting


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
    asks: list[Literal["value", "action", "level"]] = Field(["value", "action"], min_length=1)
    decoding: Literal["constrained", "free", "letter"] = "constrained"
    adapter: Written = "plain"
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
