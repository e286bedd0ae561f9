"""The numbering: a run's conditions and scenarios, numbered, and their texts as they were asked."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ...analysis.measures import Labels
from ...analysis.results import Run
from ...design.columns import BASELINE
from ...study.questions import load_questions
from ...study.scenarios import Scenario, load_scenarios


@dataclass(frozen=True)
class Numbering:
    """Conditions and scenarios as the page numbers them.

    conditions: a row each; levels stand as the experiment lists them, the baseline first.
    scenarios: a row each: scenario, value, topic, and the value's group where it is known.
    condition, scenario: the numbers of each item of the run's answers.
    """

    run: Run
    conditions: pd.DataFrame
    scenarios: pd.DataFrame
    condition: Labels
    scenario: Labels

    @property
    def factors(self) -> dict[str, list[Any]]:
        """The run's factors with several levels; of the format those that show a persona."""
        shown = self.conditions[self.conditions["persona"] != BASELINE]
        levels = {
            name: [*dict.fromkeys((shown if name == "format" else self.conditions)[name])]
            for name in self.run.factors
        }
        return {name: own for name, own in levels.items() if len(own) > 1}

    @cached_property
    def dilemmas(self) -> dict[str, Scenario]:
        """The scenarios by id; none if the study's file is gone or has changed since the run."""
        name = self.run.manifest["settings"].get("scenarios")
        varied = "scenarios" in self.run.manifest["vary"]
        if varied or self.run.study is None or not self._unchanged(f"scenarios/{name}.jsonl"):
            return {}
        return {one.id: one for one in load_scenarios(self.run.study, name, "scenarios")}

    @cached_property
    def scales(self) -> list[tuple[str, ...]]:
        """The labels of each condition's value question, full agreement first.

        Empty where the study's file is gone or has changed, or where its wordings differ in them.
        """
        settings = self.run.manifest["settings"]
        names = self.conditions.get("questions", [settings.get("questions")] * len(self.conditions))
        return [self._scale(name) for name in names]

    def _scale(self, questions: str) -> tuple[str, ...]:
        if self.run.study is None or not self._unchanged(f"signatures/{questions}.toml"):
            return ()
        ways = load_questions(self.run.study, questions, "questions").value
        return ways[0].scale if len({way.scale for way in ways}) == 1 else ()

    def _unchanged(self, place: str) -> bool:
        assert self.run.study is not None
        path = self.run.study.root / place
        digest = self.run.manifest.get("decides", {}).get(f"file {place}")
        return path.is_file() and self.run.study.hash(path) == digest


def number_run(run: Run) -> Numbering:
    """Number a run's conditions and scenarios."""
    items, names = run.answers.items, run.answers.conditions
    parts = run.answers.grouped(names)
    conditions = run.ordered(items.loc[parts.first, names].assign(part=range(parts.n)), names)
    number = np.argsort(conditions.pop("part").to_numpy())
    conditions = conditions.astype(object).where(conditions.notna(), None)
    about = [name for name in ("scenario", "value", "topic", "group") if name in items]
    scenarios = items[about].drop_duplicates("scenario").sort_values("scenario", ignore_index=True)
    place = np.searchsorted(scenarios["scenario"].to_numpy(), items["scenario"].to_numpy())
    return Numbering(run, conditions, scenarios, number[parts.of], place)
