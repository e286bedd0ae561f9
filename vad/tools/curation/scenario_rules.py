"""What one dilemma can be held to by itself: word limits, its setting, names given away."""

import re
from collections.abc import Iterator

from ...study.scenarios import Scenario, ValueInfo

TEXT_WORDS = (40, 110)
OPTION_WORDS = (12, 40)
RATIONALE_SENTENCES = (1, 2)
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
SENTENCE_END = re.compile(r"[.!?](?=[\s\"”’)]|$)")

COMMON = {
    "a",
    "an",
    "and",
    "at",
    "being",
    "for",
    "in",
    "life",
    "living",
    "my",
    "of",
    "one",
    "own",
    "social",
    "the",
    "to",
    "true",
    "with",
    "world",
    "choosing",
    "accepting",
    "preserving",
    "protecting",
    "family",
    "national",
    "public",
    "parents",
    "elders",
    "nature",
    "self",
    "goals",
    "image",
    "mature",
    "minded",
    "respect",
    "sense",
    "unity",
    "honoring",
}
"""Words of value names that are too common to give a value away."""

DIGITAL = re.compile(
    r"\b(online|internet|websites?|web ?page|apps?|social media|platforms?|chat ?groups?"
    r"|group chats?|followers?|hashtags?|livestreams?|video calls?|text messages?|emails?"
    r"|smartphones?|profiles?|facebook|instagram|whatsapp|tiktok|twitter|youtube|telegram)\b",
    re.IGNORECASE,
)


def words(text: str) -> list[str]:
    """The words of a text, hyphens and apostrophes within a word kept."""
    return WORD.findall(text)


def row_faults(scenario: Scenario, values: dict[str, ValueInfo]) -> Iterator[str]:
    """What is to be changed in one dilemma, each in a sentence; nothing when all holds."""
    if scenario.text:
        yield from _text_faults(scenario)
    stems = telling_stems(scenario.value)
    for option in scenario.options:
        name = f"{option.polarity} {option.intensity or ''}".strip()
        count = len(words(option.text))
        if not OPTION_WORDS[0] <= count <= OPTION_WORDS[1]:
            yield f"{name} has {count} words; write {OPTION_WORDS[0]} to {OPTION_WORDS[1]}"
        if not re.match(r"I\b", option.text):
            yield f'{name} does not begin with "I"'
        for word in words(option.text):
            if any(word.lower().startswith(stem) for stem in stems):
                yield f'{name} names the value: "{word}"'
        sentences = len(SENTENCE_END.findall(option.rationale))
        if scenario.text and not RATIONALE_SENTENCES[0] <= sentences <= RATIONALE_SENTENCES[1]:
            yield f"the rationale of {name} has {sentences} sentences; write one or two"


def _text_faults(scenario: Scenario) -> Iterator[str]:
    count = len(words(scenario.text))
    if not TEXT_WORDS[0] <= count <= TEXT_WORDS[1]:
        yield f"the text has {count} words; write {TEXT_WORDS[0]} to {TEXT_WORDS[1]}"
    if not re.search(r"\byou(r|rs|rself)?\b", scenario.text, re.IGNORECASE):
        yield 'the text never says "you"; address the reader'
    if not scenario.setting:
        yield "it has no setting; name the place or occasion in words of the text"
    known = {word.lower() for word in words(scenario.text)}
    absent = [word for word in words(scenario.setting) if word.lower() not in known]
    if absent:
        yield f'the setting\'s "{absent[0]}" does not stand in the text'


def telling_stems(value: str) -> list[str]:
    """How words that name a value begin: "Honest" -> "honest", "Creativity" -> "creativi"."""
    return [
        stem[: max(5, len(stem) - 2)] if len(stem) > 6 else stem
        for stem in (word.lower() for word in words(value.replace("-", " ")))
        if stem not in COMMON
    ]
