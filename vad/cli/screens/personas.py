"""What `vad personas check` prints."""

from collections import Counter, defaultdict

from rich.table import Table

from ...study.personas import Personas
from ...tools.curation.persona_formats import FormatReport
from ...tools.curation.shared_words import SharedWord
from .tables import console

TOP = 6
"""The most frequent shared words that are shown of a persona."""


def print_formats(
    personas: Personas,
    formats: list[FormatReport],
    shared: dict[str, list[SharedWord]],
    dilemmas: int,
    unit: str,
) -> None:
    """A row a format: what it tells, its length, how many dilemmas it shares words with."""
    variables = [one for one in personas.variables if len(one.levels) > 1]
    levels = sum(len(one.levels) for one in variables)
    table = Table(box=None, pad_edge=False)
    for name in (
        "format",
        "variables",
        "levels",
        unit,
        "dilemmas with a word of the persona's own",
    ):
        table.add_column(name, justify="left" if name == "format" else "right")
    for one in formats:
        if one.refused:
            table.add_row(one.format, "cannot word them", "", "", "")
            continue
        length = f"{min(one.tokens)} to {max(one.tokens)}"
        if one.silent:
            table.add_row(one.format, "silent", "silent", length, "")
            continue
        merged = {(each.variable.key, level) for each in one.merged for level in each.levels}
        own: dict[str, set[str]] = defaultdict(set)
        for anchor in shared[one.format]:
            if anchor.own:
                own[anchor.persona].add(anchor.scenario)
        mean = sum(map(len, own.values())) / len(personas.personas)
        table.add_row(
            one.format,
            f"{len(variables) - len(one.unsaid)} of {len(variables)}",
            f"{levels - len(merged)} of {levels}",
            length,
            f"{mean:.0f} of {dilemmas}, the mean",
        )
    _print(table)
    for one in formats:
        if one.refused:
            print(f"{one.format}: {one.refused}")
    print()


def print_positions(personas: Personas, formats: list[FormatReport], unit: str) -> None:
    """A row a format, a column a variable: how far into the text its level stands."""
    print(f"Where a variable's level stands: {unit} before it, the mean over personas")
    table = Table(box=None, pad_edge=False)
    table.add_column("format", no_wrap=True)
    for variable in personas.variables:
        table.add_column(variable.name.replace(" ", "\n"), justify="right", overflow="fold")
    for one in formats:
        if one.positions:
            before = (one.positions[variable.key] for variable in personas.variables)
            table.add_row(one.format, *(f"{count:.0f}" for count in before))
    _print(table)
    print()


def print_places(personas: Personas) -> None:
    """A row a persona: its place on the map, and how far its beliefs oppose one another."""
    axes = list(personas.personas[0].place())
    if not axes:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("persona")
    table.add_column("category")
    for axis in axes:
        table.add_column(axis, justify="right")
    for axis in axes:
        table.add_column(f"opposition, {axis}", justify="right")
    for persona in personas.personas:
        place, opposition = persona.place(), persona.opposition()
        figures = [f"{place[axis] + 0:+.2f}" for axis in axes]
        figures += [f"{opposition[axis]:.2f}" for axis in axes]
        table.add_row(persona.name, persona.category, *figures)
    _print(table)
    print()


def print_shared_words(
    names: list[str], format_: str, shared: list[SharedWord], dilemmas: int
) -> None:
    """A row a persona: the words of its own that dilemmas have too, the most frequent ones."""
    print(f"Words shared with dilemmas, format {format_}; in how many of {dilemmas} each stands")
    common: dict[str, set[str]] = defaultdict(set)
    for one in shared:
        if not one.own:
            common[one.word].add(one.scenario)
    print(f"  in every persona's text: {_most({word: len(at) for word, at in common.items()})}")
    table = Table(box=None, pad_edge=False)
    for name in ("persona", "dilemmas", "most shared words of its own"):
        table.add_column(name, justify="right" if name == "dilemmas" else "left")
    for name in names:
        mine = [one for one in shared if one.persona == name and one.own]
        at = len({one.scenario for one in mine})
        table.add_row(name, str(at), _most(Counter(one.word for one in mine)))
    _print(table)
    print()


def _most(counts: dict[str, int]) -> str:
    top = Counter(counts).most_common(TOP)
    return ", ".join(f"{word} {count}" for word, count in top) or "none"


def _print(table: Table) -> None:
    console(132).print(table)
