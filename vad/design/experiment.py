"""An experiment: its TOML file, the settings it varies, and the conditions that follow."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..engines.profiles import load_profile
from ..engines.tokenizer import TokenCount
from ..errors import StudyError, unknown
from ..study.formats import EVERYTHING, NOTHING, render, shown
from ..study.hashing import digest
from ..study.loader import Study
from ..study.models import REFUSED, Model
from ..study.personas import Persona, Personas, load_personas
from ..study.questions import COMPETING, LEVEL, Questions, load_questions
from ..study.scenarios import Scenario, check_marks, load_scenarios, load_topics, load_values
from .columns import OF_PERSONA
from .factors import EACH, Factors
from .programs import Program, load_program
from .settings import NOT_VARIED, Condition, Only, Settings

T = TypeVar("T", bound=BaseModel)


class Experiment:
    """A loaded experiment: its conditions in order, and by name all that they ask with.

    What is loaded stays as it was then: a plan is made of it and of no file.
    """

    def __init__(
        self,
        study: Study,
        path: Path,
        name: str,
        content: dict[str, Any],
        overrides: dict[str, Any],
    ) -> None:
        self.study = study
        self.path = path
        self.name = name
        self.place = study.place(path)
        content = dict(content)
        vary, ablate = content.pop("vary", {}), content.pop("ablate", {})
        self.only = self._check(Only, content.pop("only", {}), "only.")
        flags = {key: f"--{key}" for key in overrides}
        models = [name.strip() for name in str(overrides.get("model", "")).split(",")]
        if len(models) > 1 and isinstance(vary, dict):
            vary = vary | {"model": list(dict.fromkeys(models))}
            overrides = {key: value for key, value in overrides.items() if key != "model"}
        for table in (vary, ablate):
            for key in overrides:
                if isinstance(table, dict):
                    table.pop(key, None)
        self.base = self._check(Settings, content | overrides, "", flags)
        self.models: dict[str, Model] = {}
        self.identities: dict[str, str] = {}
        self.programs: dict[str, Program] = {}
        self.questions: dict[str, Questions] = {}
        self.values = load_values(study)
        self.scenarios: dict[str, list[Scenario]] = {}
        self.personas: dict[str, Personas] = {}
        self._counts: dict[str, TokenCount] = {}
        known = self._personas(self.base.personas, f"{self.place}: personas").variables
        self._factors = Factors(
            self.place,
            vary,
            ablate,
            self.base.model_dump(),
            set(Settings.model_fields) - set(NOT_VARIED),
            [variable.key for variable in known],
        )
        self.vary = self._factors.levels
        self.ablated = self._factors.ablated
        self.conditions = self._conditions(flags)

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
        for name in self.models:
            found[f"model {name}"] = self.identities[name]
        asked = [one for scenarios in self.scenarios.values() for one in scenarios]
        for name in {one.value for one in asked if one.value}:
            found[f"value {name}"] = digest(self.values[name].definition)
        topics = load_topics(self.study)
        for name in {one.topic for one in asked if one.topic}:
            found[f"topic {name}"] = digest(topics[name])
        return found | {f"file {place}": hashed for place, hashed in self.study.hashes(self.path)}

    def _conditions(self, flags: dict[str, str]) -> list[Condition]:
        conditions: list[Condition] = []
        baselines: set[str] = set()
        for choice in self._factors.choices():
            at = choice.at | flags
            content = self.base.model_dump(exclude_none=True) | choice.levels
            settings = self._check(Settings, content, "", at)
            self._load(settings, at)
            people = self._people(settings, at)
            if people:
                conditions += [Condition(settings, choice.levels, *one) for one in people]
                continue
            same = {key: self.vary[key][0] for key in self.vary if key in OF_PERSONA}
            baseline = settings.model_copy(update=same)
            if baseline.model_dump_json() not in baselines:
                conditions.append(Condition(baseline, choice.levels | same, None, ""))
            baselines.add(baseline.model_dump_json())
        return conditions

    def _load(self, settings: Settings, at: dict[str, str]) -> None:
        where = at.get("model", f"{self.place}: model")
        if settings.model not in self.models:
            model = load_profile(self.study, settings.model, where)
            self.models[model.name] = model
            self.identities[model.name] = model.identity(self.study)
        if settings.scenarios not in self.scenarios:
            where = at.get("scenarios", f"{self.place}: scenarios")
            self.scenarios[settings.scenarios] = self._narrow(
                load_scenarios(self.study, settings.scenarios, where)
            )
        if settings.program not in self.programs:
            where = at.get("program", f"{self.place}: program")
            self.programs[settings.program] = load_program(
                self.study, settings.program, where, settings.asks
            )
        if settings.questions not in self.questions:
            where = at.get("questions", f"{self.place}: questions")
            self.questions[settings.questions] = load_questions(
                self.study, settings.questions, where
            )
        self._asks(settings)

    def _asks(self, settings: Settings) -> None:
        """StudyError where the questions file or a scenario lacks what is asked."""
        file = f"signatures/{settings.questions}.toml"
        questions = self.questions[settings.questions]
        examples = {LEVEL: "Which fits you best: {asks}?", COMPETING: "How far: {competing}?"}
        for name, example in examples.items():
            if name in settings.asks and not questions.ways(name):
                raise StudyError(
                    f"{file}: {name}",
                    f'missing, and {self.place} asks for it: asks = ["{name}", ...]',
                    f'write: [{name}], and under it: question = "{example}"',
                )
        if COMPETING in settings.asks:
            for one in self.scenarios[settings.scenarios]:
                if not one.competing:
                    raise StudyError(
                        f"scenarios/{settings.scenarios}.jsonl: {one.id}: competing",
                        f"missing, and {self.place} asks about it",
                        'write "competing": a value of another type, or a phrase',
                    )
        shown = [name for name in ("value", COMPETING) if name in settings.asks]
        for name in shown if settings.definition else []:
            for way in questions.ways(name):
                if not way.defined and "{definition}" not in way.question:
                    raise StudyError(
                        f"{file}: {name}.defined",
                        f"missing, and {self.place} sets definition = true",
                        """write, for example: defined = 'Here it means: {definition}.'""",
                    )

    def _personas(self, name: str, where: str) -> Personas:
        if name not in self.personas:
            self.personas[name] = load_personas(self.study, name, where)
        return self.personas[name]

    def _people(self, settings: Settings, at: dict[str, str]) -> list[tuple[Persona, str]]:
        """The personas with their texts; empty where the format shows none of them."""

        def where(key: str) -> str:
            return at.get(key, f"{self.place}: {key}")

        file = self._personas(settings.personas, where("personas"))
        names = [persona.name for persona in file.personas]
        has = f"personas/{settings.personas}.toml has"
        for wanted in self.only.personas:
            if wanted not in names:
                raise unknown(f"{self.place}: only.personas", "persona", wanted, has, names)
        for scenario in self.scenarios[settings.scenarios]:
            if scenario.persona and scenario.persona not in names:
                place = f"scenarios/{settings.scenarios}.jsonl: {scenario.id}"
                raise unknown(place, "persona", scenario.persona, has, names)
        if settings.implausible == "leave out":
            asked_about = self.scenarios[settings.scenarios]
            check_marks(asked_about, file, f"personas/{settings.personas}.toml")
        keys = [variable.key for variable in file.variables]
        for key, whole in (("leave_out", NOTHING), ("keep_only", EVERYTHING)):
            named = getattr(settings, key)
            if named == EACH and EACH not in keys:
                said = f'{key} = "{EACH}" stands under [vary] or [ablate]'
                raise StudyError(where(key), said)
            if named not in (whole, *keys):
                raise unknown(where(key), "variable", named, has, [whole, *keys])
        if settings.leave_out == settings.keep_only:
            said = f"leaves out {settings.leave_out}, the one variable that is kept"
            raise StudyError(where("leave_out"), said)
        count = self._counts.setdefault(
            settings.model, TokenCount(self.study, self.models[settings.model])
        )
        people = [
            (
                persona,
                render(
                    self.study,
                    settings.format,
                    shown(
                        persona,
                        settings.variable_order,
                        settings.seed,
                        settings.leave_out,
                        settings.keep_only,
                    ),
                    where("format"),
                    count,
                ),
            )
            for persona in file.personas
            if persona.name in (self.only.personas or names)
        ]
        return people if any(block for _, block in people) else []

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

    def _check(
        self, kind: type[T], content: Any, prefix: str, at: dict[str, str] | None = None
    ) -> T:
        try:
            return kind.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            key = str(first["loc"][0]) if first["loc"] else ""
            where = (at or {}).get(key, f"{self.place}: {prefix}{key}")
            if first["type"] == "extra_forbidden" and key in REFUSED:
                raise StudyError(where, f"is refused: {REFUSED[key]}") from None
            if first["type"] == "extra_forbidden":
                tables = ["only", "vary", "ablate"] if kind is Settings else []
                known = [*kind.model_fields, *tables]
                raise unknown(where, "setting", key, "an experiment has", known) from None
            raise StudyError(where, f"{first['msg']}, found {first['input']!r}") from None


def load_experiment(study: Study, path: Path, **overrides: Any) -> Experiment:
    """The experiment of a TOML file, all it names loaded; `overrides` replace its settings.

    An override of a varied setting (`model="pocket"`) takes its place in every condition; several
    models (`model="pocket,my-model"`) are varied instead of the experiment's own.
    """
    if not path.is_file():
        names = [name for name in study.names("experiments", ".toml") if name != "models"]
        raise unknown(str(path), "experiment", path.stem, "experiments/ has", names)
    given = {key: value for key, value in overrides.items() if value is not None}
    return Experiment(study, path, path.stem, study.toml(path), given)
