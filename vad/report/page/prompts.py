"""Prompts: every message as it was sent, its blocks of text kept once.

A message is parted at its blank lines and is those parts joined again, byte for byte. What several
scenarios share (system text, personas, output format, an answer to many questions) is stored once a
page, the rest once a scenario.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ...analysis.results import Run
from ...errors import StudyError
from ...runs.store.reader import read_table
from .embedded_json import json_value

BREAK = "\n\n"

Row = dict[str, Any]


def sent_calls(run: Run, reused_from: set[str]) -> dict[str, list[Row]]:
    """The LM calls behind each trial, by its key, in their order.

    reused_from: the runs beside this one that answers were taken over from; their calls stand
    there. A trial whose calls are nowhere is left out.
    """
    found: dict[str, list[Row]] = {}
    for folder in (run.folder, *(run.folder.parent / name for name in sorted(reused_from))):
        try:
            table = read_table(folder, "calls")
        except StudyError:
            continue
        here: dict[str, list[Row]] = defaultdict(list)
        for call in table.sort_values("number", kind="stable").to_dict("records"):
            for trial in call["trials"]:
                here[trial].append({str(name): json_value(one) for name, one in call.items()})
        found = here | found
    return found


class Blocks:
    """Blocks of text, numbered: from 0 those that several scenarios share, below 0 one's own."""

    def __init__(self) -> None:
        self.shared: dict[str, int] = {}
        self._first: dict[str, int] = {}

    def note(self, scenario: int, call: Row) -> None:
        """Take notice of a call's texts; one seen in a second scenario is shared."""
        for text in _texts(call):
            if self._first.setdefault(text, scenario) != scenario:
                self.shared.setdefault(text, len(self.shared))

    def number(self, text: str, own: dict[str, int]) -> int:
        """A text's number: n from 0 the n-th shared, -1 the scenario's first own, -2 its second.

        own: the scenario's own texts, which grow by this one if it is new.
        """
        if text in self.shared:
            return self.shared[text]
        return -1 - own.setdefault(text, len(own))

    def messages(self, call: Row, own: dict[str, int]) -> list[tuple[str, list[int]]]:
        """A call's messages, the role and the numbers of the blocks of each."""
        return [
            (role, [self.number(text, own) for text in content.split(BREAK)])
            for role, content in _messages(call)
        ]


def _texts(call: Row) -> Iterator[str]:
    yield call["text"]
    for _, content in _messages(call):
        yield from content.split(BREAK)
    if call["constraint"]:
        yield call["constraint"]


def _messages(call: Row) -> list[tuple[str, str]]:
    return [(one["role"], one["content"]) for one in json.loads(call["messages"])]
