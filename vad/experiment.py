"""An experiment: its TOML file, the settings it varies, and the conditions that follow."""

import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import StudyError, unknown
from .model import Model, Sampling, load_model
from .persona import Persona, load_personas
from .scenario import Scenario, load_scenarios
from .study import Study

T = TypeVar("T", bound=BaseModel)

NOT_VARIED = ("limit",)
BASELINE = "baseline"
"""The name, in the columns persona and category, of a condition that shows no persona."""


NAMED = {"model", "program", "format", "decoding", "adapter"}
"""The settings that have a column in every run, varied or not."""


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
    questions: str = "agreement"
    decoding: Literal["constrained", "free"] = "constrained"
    adapter: Literal["plain"] = "plain"
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


class Experiment:
    """A loaded experiment: `conditions` in order, each with its model and scenarios at hand."""

    def __init__(self, study: Study, path: Path, overrides: dict[str, Any]) -> None:
        self.study = study
        self.path = path
        self.name = path.stem
        self.place = study.place(path)
        content = dict(study.toml(path))
        self.vary: dict[str, list[Any]] = self._vary(content.pop("vary", {}))
        self.only = self._check(Only, content.pop("only", {}), "only.")
        for key in overrides:
            self.vary.pop(key, None)
        flags = {key: f"--{key}" for key in overrides}
        self.base = self._check(Settings, content | overrides, "", flags)
        self.models: dict[str, Model] = {}
        self.scenarios: dict[str, list[Scenario]] = {}
        self.conditions = self._conditions(flags)

    @property
    def factors(self) -> list[str]:
        """The columns of the varied settings that not every run has."""
        return [column(key) for key in self.vary if key not in NAMED]

    def decides(self) -> dict[str, Any]:
        """What this experiment's answers depend on: settings, and the hash of each file.

        Models and the limit stand apart: more models and more scenarios may be added to a run.
        """
        apart = {"model", "limit"}
        found: dict[str, Any] = {
            f"setting {key}": value for key, value in self.base.model_dump(exclude=apart).items()
        }
        found |= {f"setting only.{key}": names for key, names in self.only.model_dump().items()}
        for key, levels in self.vary.items():
            if key not in apart:
                found[f"setting vary.{key}"] = levels
        for name, model in self.models.items():
            found[f"model {name}"] = model.identity(self.study)
        return found | {f"file {place}": digest for place, digest in self.study.hashes(self.path)}

    def _conditions(self, flags: dict[str, str]) -> list[Condition]:
        conditions: list[Condition] = []
        for places in itertools.product(*(range(len(levels)) for levels in self.vary.values())):
            factors = {
                key: self.vary[key][place] for key, place in zip(self.vary, places, strict=True)
            }
            at = flags | {
                key: f"{self.place}: vary.{key}[{place}]"
                for key, place in zip(self.vary, places, strict=True)
            }
            settings = self._check(
                Settings, self.base.model_dump(exclude_none=True) | factors, "", at
            )
            self._load(settings, at)
            conditions += self._people(settings, factors, at)
        return conditions

    def _load(self, settings: Settings, at: dict[str, str]) -> None:
        where = at.get("model", f"{self.place}: model")
        if settings.model not in self.models:
            self.models[settings.model] = load_model(self.study, settings.model, where)
        if settings.scenarios not in self.scenarios:
            where = at.get("scenarios", f"{self.place}: scenarios")
            self.scenarios[settings.scenarios] = self._narrow(
                load_scenarios(self.study, settings.scenarios, where)
            )

    def _people(
        self, settings: Settings, factors: dict[str, Any], at: dict[str, str]
    ) -> list[Condition]:
        where = at.get("personas", f"{self.place}: personas")
        people = load_personas(self.study, settings.personas, where).people
        names = [persona.name for persona in people]
        for wanted in self.only.personas:
            if wanted not in names:
                raise unknown(
                    f"{self.place}: only.personas",
                    "persona",
                    wanted,
                    f"personas/{settings.personas}.toml has",
                    names,
                )
        for scenario in self.scenarios[settings.scenarios]:
            if scenario.persona and scenario.persona not in names:
                raise unknown(
                    f"scenarios/{settings.scenarios}.jsonl: {scenario.id}",
                    "persona",
                    scenario.persona,
                    f"personas/{settings.personas}.toml has",
                    names,
                )
        if self.only.personas:
            people = tuple(one for one in people if one.name in self.only.personas)
        where = at.get("format", f"{self.place}: format")
        blocks = [render(self.study, settings.format, persona, where) for persona in people]
        if not any(blocks):
            return [Condition(settings, factors, None, "")]
        return [
            Condition(settings, factors, persona, block)
            for persona, block in zip(people, blocks, strict=True)
        ]

    def _narrow(self, scenarios: list[Scenario]) -> list[Scenario]:
        for key, attribute in (("values", "value"), ("topics", "topic"), ("scenarios", "id")):
            wanted = getattr(self.only, key)
            has = {getattr(scenario, attribute) for scenario in scenarios}
            for name in wanted:
                if name not in has:
                    raise unknown(
                        f"{self.place}: only.{key}", attribute, name, "the scenarios have", has
                    )
            if wanted:
                scenarios = [one for one in scenarios if getattr(one, attribute) in wanted]
        if self.only.personas:
            scenarios = [one for one in scenarios if any(map(one.is_for, self.only.personas))]
        if not scenarios:
            raise StudyError(f"{self.place}: only", "leaves no scenario to ask about")
        return scenarios

    def _vary(self, vary: Any) -> dict[str, list[Any]]:
        if not isinstance(vary, dict):
            raise StudyError(f"{self.place}: vary", f"found {vary!r}; write a table [vary]")
        for key, levels in vary.items():
            where = f"{self.place}: vary.{key}"
            if key not in Settings.model_fields or key in NOT_VARIED:
                known = set(Settings.model_fields) - set(NOT_VARIED)
                raise unknown(where, "setting to vary", key, "an experiment has", known)
            if not isinstance(levels, list) or not levels:
                raise StudyError(where, f"found {levels!r}; write a list: {key} = [...]")
            twice = [level for place, level in enumerate(levels) if level in levels[:place]]
            if twice:
                raise StudyError(where, f"names {twice[0]!r} twice")
        return dict(vary)

    def _check(
        self, kind: type[T], content: Any, prefix: str, at: dict[str, str] | None = None
    ) -> T:
        try:
            return kind.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            key = str(first["loc"][0]) if first["loc"] else ""
            where = (at or {}).get(key, f"{self.place}: {prefix}{key}")
            if first["type"] == "extra_forbidden":
                known = [*kind.model_fields, *(["only", "vary"] if kind is Settings else [])]
                raise unknown(where, "setting", key, "an experiment has", known) from None
            raise StudyError(where, f"{first['msg']}, found {first['input']!r}") from None


def render(study: Study, name: str, persona: Persona, where: str) -> str:
    """A persona's text in a format: what `render(persona)` of `personas/NAME.py` returns.

    Raises StudyError for an unknown format, a file that breaks, or a render that gives no text.
    """
    path = study.file("personas", name, ".py", where, "persona format")
    function = getattr(study.module("personas", name), "render", None)
    if not callable(function):
        raise StudyError(study.place(path), "defines no render(persona); a persona format does")
    try:
        text = function(persona)
    except Exception as error:
        raise StudyError(
            study.place(path), f"render({persona.name}) raised {type(error).__name__}: {error}"
        ) from None
    if not isinstance(text, str):
        raise StudyError(
            study.place(path), f"render({persona.name}) returned {text!r:.60}; it returns a text"
        )
    return text.strip()


def load_experiment(study: Study, path: Path, **overrides: Any) -> Experiment:
    """The experiment of a TOML file, all it names loaded; `overrides` replace its settings.

    An override of a varied setting (`model="pocket"`) takes its place in every condition.
    """
    if not path.is_file():
        names = [name for name in study.names("experiments", ".toml") if name != "models"]
        raise unknown(str(path), "experiment", path.stem, "experiments/ has", names)
    return Experiment(study, path, {k: v for k, v in overrides.items() if v is not None})
