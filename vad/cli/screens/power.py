"""What `vad power` prints: the answer, the table it was read from, what it assumes."""

from pathlib import Path

from rich.table import Table

from ...analysis.measures import Array
from ...analysis.power.power import ALPHA, SIMULATED, Power, needed, visible
from ...analysis.power.respondent import Respondent
from .tables import console

HOLM = (
    " With Holm, in brackets: where no other contrast of the family differs, the least favourable "
    "case."
)


def print_power(found: Power, pilot: Path | None) -> None:
    """How many scenarios are enough with each number of repeats, and at what cost.

    pilot: the run that the answers are drawn from, if any.
    """
    scenarios, repeats = found.own
    own = found.scenarios.index(scenarios), found.repeats.index(repeats)
    paragraphs = [
        f"For a difference of {found.effect:g} in AD, power {found.wanted:g}: "
        + _answer(found, found.alone, ALPHA)
    ]
    if found.family > 1:
        paragraphs.append(
            f"With Holm over the primary family of {found.family} contrasts: "
            + _answer(found, found.adjusted, ALPHA / found.family)
        )
    paragraphs.append(
        f"As the experiment stands, {scenarios} scenarios with {_times(repeats)}: power "
        f"{found.alone[own]:.2f}"
        + (f", with Holm {found.adjusted[own]:.2f}." if found.family > 1 else ".")
    )
    screen = console(100, highlight=False)
    screen.print("\n".join(paragraphs), end="\n\n")
    screen.print(_table(found), end="\n\n")
    one = found.contrast
    pairs = f"{len(one.pairs)} pairs" if len(one.pairs) > 1 else "one pair"
    screen.print(
        f"{SIMULATED:,} simulated experiments, the sign-flip test of vad compare, two-sided, at "
        f"{ALPHA:g}. The contrast is {one.factor} {one.level} - {one.reference} ({pairs} of "
        "conditions): of the primary family, one whose scenarios vary most."
        + (HOLM if found.family > 1 else "")
        + f"\n{_source(found, pilot)} The reference's AD is {found.distance:.2f}; what a scenario "
        f"adds to the difference has a standard deviation of {found.deviation[own[1]]:.2f} with "
        f"{_times(repeats)}."
    )


def _source(found: Power, pilot: Path | None) -> str:
    if pilot:
        return f"Its scenarios are drawn from the {found.piloted} of {pilot}."
    default = Respondent()
    return (
        "For want of a pilot (--from RUN) the answers are a planted respondent's: its answers vary "
        f"by {default.noise:g} about its positions, and {default.shared:.0%} of their variance "
        "over scenarios is common to all conditions."
    )


def _answer(found: Power, shares: Array, level: float) -> str:
    """The scenarios it takes with the experiment's own repeats, then with others."""
    most, repeats = found.scenarios[-1], found.own[1]
    every = zip(found.repeats, shares.T, strict=True)
    counts = {one: needed(found.scenarios, column, found.wanted) for one, column in every}
    reached = [(count * one, count, one) for one, count in counts.items() if count]
    if not reached:
        place = found.repeats.index(repeats)
        return (
            f"even all {most} scenarios do not do; with {_times(repeats)} they show it with power "
            f"{shares[-1, place]:.2f}, and a difference of "
            f"{visible(found, place, level):.3f} with power {found.wanted:g}."
        )
    own = f"{counts[repeats]} scenarios" if counts[repeats] else f"more than all {most} scenarios"
    others = ", ".join(
        f"with {one}: {count or f'more than {most}'}"
        for one, count in counts.items()
        if one != repeats
    )
    answers, count, one = min(reached)
    return (
        f"{own} with {_times(repeats)} ({others}). Fewest questions: {count} scenarios with "
        f"{_times(one)}, {2 * found.conditions * answers:,} in {found.conditions} conditions."
    )


def _table(found: Power) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("scenarios", justify="right")
    for repeats in found.repeats:
        table.add_column(_times(repeats), justify="right", no_wrap=True)
    for count, alone, adjusted in zip(found.scenarios, found.alone, found.adjusted, strict=True):
        cells = [
            (f"[bold]{one:.2f}[/bold]" if one >= found.wanted else f"{one:.2f}")
            + (f" ({other:.2f})" if found.family > 1 else "")
            for one, other in zip(alone, adjusted, strict=True)
        ]
        table.add_row(str(count), *cells)
    return table


def _times(repeats: int) -> str:
    return "1 repeat" if repeats == 1 else f"{repeats} repeats"
