"""What can be proved of a set of dilemmas: every rule of a row, completeness, variety, balance.

Limits on the whole set apply where it is large enough for the figure to mean something; a user's
own file with other values, topics or numbers of actions is held to the same.
"""

from collections import Counter

from ...study.scenarios import Scenario, ValueInfo
from . import scenario_balance as balance
from . import scenario_marks as marks
from . import scenario_variety as variety
from .finding import Finding
from .scenario_rules import DIGITAL, row_faults

DIGITAL_MOST = 2


def check_dilemmas(
    scenarios: list[Scenario], values: dict[str, ValueInfo], topics: dict[str, str]
) -> list[Finding]:
    """All findings on a set of dilemmas, in the order they are printed.

    What is asked of the texts is asked of those that have one, a bare choice has none; what is
    asked of the actions, of those that have any.
    """
    told = [one for one in scenarios if one.text]
    acted = [one for one in scenarios if one.options]
    of_texts = (
        variety.alike,
        variety.alike_within_values,
        variety.overlapping,
        variety.openings,
        variety.distinct_settings,
    )
    of_actions = (
        balance.length_overall,
        balance.length_by_value,
        balance.longest,
        balance.intensity_by_length,
        balance.intensity_by_words,
        balance.polarity_by_words,
    )
    return [
        _rows(scenarios, values),
        _complete(scenarios, values, topics),
        *(check(told) for check in of_texts if told),
        variety.runs(scenarios),
        *(check(acted) for check in of_actions if acted),
        *(check(told) for check in (marks.competing_named, marks.places) if told),
        _digital(scenarios),
    ]


def _rows(scenarios: list[Scenario], values: dict[str, ValueInfo]) -> Finding:
    where = [f"{one.id}: {fault}" for one in scenarios for fault in row_faults(one, values)]
    return Finding(
        "rows that keep every rule of a single dilemma",
        f"{len(scenarios) - len({line.split(':')[0] for line in where})} of {len(scenarios)}",
        "all",
        not where,
        where,
    )


def _complete(
    scenarios: list[Scenario], values: dict[str, ValueInfo], topics: dict[str, str]
) -> Finding:
    used = {one.value for one in scenarios}, {one.topic for one in scenarios}
    wanted = {
        (value, topic, persona)
        for value in values
        for topic in topics
        for persona in {one.persona for one in scenarios}
        if value in used[0] and topic in used[1]
    }
    have = Counter((one.value, one.topic, one.persona) for one in scenarios)
    named = {cell: " x ".join(filter(None, cell)) for cell in {*wanted, *have}}
    where = [f"{named[cell]}: no dilemma; write one" for cell in sorted(wanted - set(have))]
    where += [f"{named[cell]}: {n} dilemmas" for cell, n in have.items() if n > 1]
    return Finding(
        "value x topic, one dilemma each",
        f"{len(wanted & set(have))} of {len(wanted)}",
        "all",
        not where,
        where,
    )


def _digital(scenarios: list[Scenario]) -> Finding:
    mine = [one for one in scenarios if one.topic == "Social Networks"]
    where = []
    for one in mine:
        found = DIGITAL.search(" ".join([one.text, *(option.text for option in one.options)]))
        if found:
            where.append(f'{one.id}: "{found.group()}"; social networks are people\'s ties')
    return Finding(
        "social networks read as digital platforms",
        f"{len(where)} of {len(mine)}",
        f"<= {DIGITAL_MOST}",
        len(where) <= DIGITAL_MOST,
        where,
    )
