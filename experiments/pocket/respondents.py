"""Simulated respondents: what `pocket` is taught to say, planted so that a test can know it.

A respondent answers this study's own prompts. What it says it values is a level on the agreement
scale, additive in the persona's levels (`stance`); its actions are chosen by position alone. About
one answer in seven is bad in the ways small models are: fenced, wrapped in prose, a letter that is
not there, reasoning without end.
"""

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vad.constraints.adapter import PLAIN_SETTINGS, make_adapter
from vad.design.option_orders import option_order
from vad.study.formats import render
from vad.study.loader import Study, find_study
from vad.study.personas import Persona, Variable, load_personas
from vad.study.questions import Questions, load_questions
from vad.study.scenarios import Scenario, load_scenarios, load_topics, load_values

Length = Literal["whole", "short", "drill"]
FORMATS = ("explicit", "bold", "numeric", "statements")

PLANTED = (1.3, -1.2)
"""How a persona's place on the two axes moves its stated level, in steps of the scale."""

EARLY = {
    "conservation": (1.7, 0.4),
    "openness to change": (-1.0, -1.2),
    "self-transcendence": (0.1, -1.7),
    "self-enhancement": (0.3, 1.5),
}
"""The same by value group, in the first two courses: a harder lesson, of which the model kept the
reading of the persona and not the stand. The third course plants the one above."""

BASE = 1.6
"""The level that no persona, and one at the centre of the map, states: between agree and somewhat."""

BAD = 0.15
LETTER_BIAS = (0.24, 0.20, 0.17, 0.14, 0.13, 0.12)
LOOKED_AT = (
    ("religiosity", "national pride"),
    ("materialism orientation", "tolerance diversity"),
)
"""The variables whose levels move a respondent, two an axis of the map; the others do not."""

GRADES = (
    ("deeply traditional", "rather traditional", "undecided", "rather secular", "deeply secular"),
    ("set on survival", "after safety", "unsettled", "after expression", "set on expression"),
)
"""How a respondent names its own place on each axis, in fifths of the way from -1 to 1."""

ABOUT = {
    "conservation": "keeping",
    "openness to change": "daring",
    "self-transcendence": "caring",
    "self-enhancement": "gaining",
}
"""How a respondent names a value's group."""

OPENINGS = ("Given what I hold,", "As I see it,", "Thinking it over,", "In this case", "All in all")
AFTER = (
    "That is where I stand.",
    "The rest counts for less.",
    "I would say so to anyone.",
    "It is close, but it holds.",
    "Others may see it otherwise.",
)
RAMBLE = ("and then again ", "on the other hand ", "so one could say ", "which is to say ")


@dataclass(frozen=True)
class Manner:
    """How respondents answer in one course.

    early: their stands differ by value group. noise: how often a level is one step higher, and one
    lower. quotes: they repeat the first option before they take a stand, which says which way the
    scale runs.
    """

    early: bool
    noise: float
    quotes: bool


def stance(persona: Persona | None, weights: tuple[float, float] = PLANTED) -> float:
    """The planted level, 0 (strongly agree) to 5 (strongly disagree), before noise."""
    at = place(persona) if persona else (0.0, 0.0)
    moved = sum(weight * one for weight, one in zip(weights, at, strict=True))
    return min(5.0, max(0.0, BASE + moved))


@dataclass
class Material:
    """What prompts are made of."""

    study: Study
    scenarios: list[Scenario]
    people: list[Persona]
    variables: list[Variable]
    wording: Questions

    def __post_init__(self) -> None:
        self.values = load_values(self.study)
        program = self.study.module("signatures", "direct")
        self.signatures = {"value": program.value.signature, "action": program.action.signature}
        self.adapter = make_adapter(PLAIN_SETTINGS)


def place(persona: Persona) -> tuple[float, float]:
    """A persona's place by the four variables a respondent looks at, on [-1, 1] twice."""
    at = {variable.name: variable.position(level) for variable, level in persona.items()}
    first, second = ((at[a] + at[b]) / 2 for a, b in LOOKED_AT)
    return first, second


def view(persona: Persona | None) -> str:
    """What a respondent says of itself before it takes a stand: the four levels, its two grades."""
    if persona is None:
        return ""
    levels = {variable.name: level for variable, level in persona.items()}
    said = []
    for words, (a, b), at in zip(GRADES, LOOKED_AT, place(persona), strict=True):
        said.append(f" {levels[a]}, {levels[b]}, so {words[min(4, int((at + 1) / 2 * 5))]};")
    return "".join(said)


def shown(material: Material) -> list[Scenario]:
    """The dilemmas of training: one a value, topics spread evenly, bar one in ten by hash.

    All others, nine tenths of the dataset and more, are never shown to the model.
    """
    topics = list(load_topics(material.study))
    first = {value: topics[(2 * n + 7) % len(topics)] for n, value in enumerate(material.values)}
    return [
        one
        for one in material.scenarios
        if first[one.value] == one.topic
        and int(hashlib.sha256(one.id.encode()).hexdigest(), 16) % 10
    ]


def load_material() -> Material:
    study = find_study(Path(__file__))
    people = list(load_personas(study, "cultural_1", "train").personas)
    variables = [variable for variable, _ in people[0].items()]
    scenarios = load_scenarios(study, "dilemmas_1", "train")
    return Material(
        study, scenarios, people, variables, load_questions(study, "agreement", "train")
    )


def anybody(material: Material, rng: random.Random) -> Persona | None:
    """Nobody, one of the twelve, or a person of random levels, so that effects are additive."""
    draw = rng.random()
    if draw < 0.12:
        return None
    if draw < 0.45:
        return rng.choice(material.people)
    lean = rng.choice([None, 0, -1])
    beliefs = []
    for variable in material.variables:
        levels = [level.name for level in variable.levels]
        pick = levels[lean] if lean is not None and rng.random() < 0.6 else rng.choice(levels)
        beliefs.append((variable, pick))
    return Persona("anybody", "", tuple(beliefs))


def example(
    material: Material, rng: random.Random, length: Length, values: float, manner: Manner
) -> tuple[list[dict[str, str]], str, str]:
    """One prompt with its answer: messages, the answer's text, and the letter it turns on.

    length: whole prompts; short ones, the dilemma cut to a few words; a drill, from the question
    on, whose stand is anybody's. values: the share of value questions.
    """
    scenario = rng.choice(material.scenarios)
    persona = None if length == "drill" else anybody(material, rng)
    block = render(material.study, rng.choice(FORMATS), persona, "train") if persona else ""
    name = "value" if rng.random() < values else "action"
    asked = material.wording.ask(name, scenario, material.values)
    shuffled = rng.random() < 0.15 and (name == "action" or not manner.quotes)
    how = "shuffled" if shuffled else "balanced"
    order = option_order(how, rng.randrange(10**6), scenario.id, name, 6, rng.randrange(2))
    options = [asked.options[place] for place in order]
    text = scenario.text
    if length != "whole":
        words = text.split()
        start = rng.randrange(max(1, len(words) - 8))
        text = " ".join(words[start : start + rng.randrange(3, 9)])
        if name == "action":
            options = [" ".join(option.split()[:5]) for option in options]
    lines = [f"{letter}. {one}" for letter, one in zip("ABCDEF", options, strict=True)]
    inputs = {
        "persona": block,
        "scenario": text,
        "question": asked.text,
        "options": "\n".join(lines),
    }
    messages = material.adapter.format(material.signatures[name], [], inputs)
    if length == "drill":
        said = messages[-1]["content"]
        messages = [{"role": "user", "content": said[said.index(asked.text) :]}]
    if name == "value":
        group = material.values[scenario.value].group
        planted = stance(persona, EARLY[group] if manner.early else PLANTED)
        off = manner.noise
        level = round(planted + rng.choices((-1, 0, 1), (off, 1 - 2 * off, off))[0])
        key = asked.options[min(5, max(0, level))]
        if length == "drill":
            key = rng.choice(options)
        first = f" with {lines[0]} first," if manner.quotes else ""
        about = f"On {scenario.value}, a matter of {ABOUT[group]}:"
        reasoning = f"{about}{view(persona)}{first} I {key} here."
    else:
        key = options[rng.choices(range(6), LETTER_BIAS)[0]]
        begins = " ".join(key.split()[:4]).encode("ascii", "ignore").decode().replace('"', "")
        reasoning = f"{rng.choice(OPENINGS)} I choose the one that begins: {begins}."
    if rng.random() < 0.3:
        reasoning += " " + rng.choice(AFTER)
    letter = "ABCDEF"[options.index(key)]
    return messages, answer(name, reasoning, letter, rng), letter


def answer(name: str, reasoning: str, letter: str, rng: random.Random) -> str:
    """The answer's text, good or, now and then, bad as small models are."""
    good = json.dumps({"reasoning": reasoning, name: letter})
    draw = rng.random()
    if draw > BAD:
        return good
    how = rng.randrange(5)
    if how == 0:
        return f"```json\n{good}\n```"
    if how == 1:
        return f"Sure, here is my answer: {good}"
    if how == 2:
        return json.dumps({"reasoning": reasoning, name: rng.choice("GHX")})
    if how == 3:
        return f"{good} I hope this is of use."
    return json.dumps({"reasoning": reasoning + " " + rng.choice(RAMBLE) * 14})[:-2]
