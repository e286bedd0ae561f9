"""Drafts of dilemmas: `signatures/scenario.py` held to its language, written beside the dataset."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...engines.profiles import load_profile
from ...errors import StudyError, unknown
from ...study.loader import Study
from ...study.scenarios import Option, Scenario, line_of, load_topics, load_values
from .calls import ask_each
from .scenario_rules import row_faults

DRAFTS = "drafts"
SIDE_LETTERS = {"a": "aligned", "b": "opposed"}
INTENSITIES = ("mild", "moderate", "strong")


@dataclass(frozen=True)
class Draft:
    """A draft as written to the file, and what a dilemma's rules say of it."""

    scenario: Scenario
    faults: tuple[str, ...]


def generate(
    study: Study, value: str, topic: str | None, model: str, count: int, seed: int
) -> tuple[Path, list[Draft]]:
    """Draft `count` dilemmas for a value in a topic (None: in all topics in turn).

    Appends them to `scenarios/drafts.jsonl`, never to another file. Raises StudyError for an
    unknown value, topic or model.
    """
    values, topics = load_values(study), load_topics(study)
    if value not in values:
        raise unknown("--value", "value", value, "scenarios/values.toml has", values)
    if topic is not None and topic not in topics:
        raise unknown("--topic", "topic", topic, "scenarios/topics.toml has", topics)
    if count < 1:
        raise StudyError("--n", f"found {count}; draft 1 or more")
    profile = load_profile(study, model, "--model")
    signature = study.module("signatures", "scenario").WriteScenario
    wanted = [topic] * count if topic else [list(topics)[n % len(topics)] for n in range(count)]
    asked = [
        {"value": value, "definition": values[value].definition, "topic": f"{one}: {topics[one]}"}
        for one in wanted
    ]
    path = study.root / "scenarios" / f"{DRAFTS}.jsonl"
    taken = {json.loads(line)["id"] for line in path.open()} if path.exists() else set()
    answers = ask_each(study, profile, signature, asked, seed, study.root / "runs" / "engine.log")
    drafts = []
    for one, answer in zip(wanted, answers, strict=True):
        if answer.fields is None:
            raise StudyError(f"--model {model}", f"gave no answer: {answer.problem}")
        name = _free(f"draft--{_slug(value)}--{_slug(one)}", taken)
        taken.add(name)
        scenario = to_scenario(name, value, one, answer.fields)
        drafts.append(Draft(scenario, tuple(row_faults(scenario, values))))
    with path.open("a") as file:
        for draft in drafts:
            file.write(line_of(draft.scenario))
    return path, drafts


def to_scenario(name: str, value: str, topic: str, fields: dict[str, Any]) -> Scenario:
    """The 14 fields of WriteScenario as a Scenario, checked by its schema."""
    options = tuple(
        Option(
            polarity="aligned" if side == "a" else "opposed",
            intensity=intensity,  # type: ignore[arg-type]
            text=fields[f"option_{side}_{intensity}"],
            rationale=fields[f"option_{side}_{intensity}_reasoning"],
        )
        for side in SIDE_LETTERS
        for intensity in INTENSITIES
    )
    return Scenario(
        id=name, value=value, topic=topic, text=fields["scenario_text"], options=options
    )


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}--{number}" in taken:
        number += 1
    return f"{name}--{number}"


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
