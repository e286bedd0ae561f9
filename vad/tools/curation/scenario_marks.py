"""Marks: what a dilemma says of itself beside its text: the other good, place, who is barred."""

from collections import Counter

from ...study.personas import Personas
from ...study.scenarios import Scenario, check_marks
from .finding import Finding

PLACE_AT_MOST = 0.15
ENOUGH = 50
"""Shares of places are judged from this many dilemmas on."""


def competing_named(scenarios: list[Scenario]) -> Finding:
    """Each dilemma names the good that its opposed actions serve."""
    where = [f"{one.id}: names no competing good" for one in scenarios if not one.competing]
    return Finding(
        "dilemmas whose competing good is named",
        f"{len(scenarios) - len(where)} of {len(scenarios)}",
        "all",
        not where,
        where,
    )


def places(scenarios: list[Scenario]) -> Finding:
    """Each dilemma has its class of place, and no class is where too many happen."""
    counts = Counter(one.place for one in scenarios if one.place)
    where = [f"{one.id}: has no place" for one in scenarios if not one.place]
    for place, count in counts.items():
        if count > PLACE_AT_MOST * len(scenarios) and len(scenarios) >= ENOUGH:
            where.append(f"{count} happen in the place {place!r}; move some")
    most = ", ".join(
        f"{name} {count / len(scenarios):.1%}" for name, count in counts.most_common(1)
    )
    return Finding(
        "places named, the most frequent class",
        f"{sum(counts.values())} of {len(scenarios)}, {most or 'none'}",
        f"all, <= {PLACE_AT_MOST:.0%}",
        not where,
        where,
    )


def implausible(scenarios: list[Scenario], people: Personas, file: str) -> Finding:
    """How many pairs of persona and dilemma cannot meet; counted, held to no limit.

    Raises StudyError for a mark that names no variable or level of the personas file.
    """
    check_marks(scenarios, people, file)
    apart = sum(not one.can_meet(who) for one in scenarios for who in people.personas)
    marked = sum(bool(one.implausible_for) for one in scenarios)
    return Finding(
        f"pairs of persona and dilemma that cannot meet ({file})",
        f"{apart} of {len(scenarios) * len(people.personas)}; {marked} dilemmas marked",
        "counted",
        True,
    )
