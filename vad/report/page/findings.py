"""Findings: the comparison table in plain sentences - what changed, by how much, how sure."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...analysis.comparison_table import compared_conditions, contrast_keys
from ...analysis.comparisons import ALL, ALPHA
from ...analysis.contrasts import PERSONA_COLUMNS
from ...analysis.measure_table import BY_NAME, label_of
from ..formatting import format_number, typeset
from ..formatting import interval_text as ends

AD_WORDS = "the distance between stated values and chosen actions"

GAP = ("difference", "low", "high", "adjusted")
OF_GAP = " of the gap"

Row = dict[Hashable, Any]


@dataclass(frozen=True)
class ReportFinding:
    """One planned comparison: the row of its distance, its corrected gap's, and both in words."""

    subject: str
    within: str
    verdict: str
    row: Row
    said: str
    corrected: str


@dataclass(frozen=True)
class ReportFindings:
    """The planned comparisons; `lead` says in a sentence or two what they come to.

    reach: how far from 0 their intervals go, to draw them on one scale.
    """

    lead: str
    each: list[ReportFinding]
    reach: float

    def groups(self) -> list[tuple[str, list[ReportFinding]]]:
        """The findings by what they are within: a model, say, or "" for what is over all."""
        names = dict.fromkeys(one.within for one in self.each)
        return [(name, [one for one in self.each if one.within == name]) for name in names]


def findings(table: pd.DataFrame) -> ReportFindings:
    """The planned comparisons of a table of `vad.compare`, over all scenarios.

    A difference counts as shown when its adjusted p is below .05; nothing is said of the rest but
    how large a difference would likely have been seen.
    """
    whole = table[table["within"] == "all"]
    keys = contrast_keys(table)
    gaps = whole.loc[
        whole["measure"] == label_of(BY_NAME["corrected_gap"]), [*keys, *GAP]
    ].drop_duplicates(keys)
    primary = whole[whole["family"] == "primary"]
    told = [
        key
        for key in compared_conditions(table)
        if key not in PERSONA_COLUMNS
        and primary[key][~primary["factor"].eq(key) & primary[key].ne(ALL)].nunique() > 1
    ]
    both = primary.merge(gaps, on=keys, how="left", suffixes=("", OF_GAP))
    each = [_finding(row, told) for row in both.to_dict("records")]
    ends = primary[["low", "high"]].abs().max().max()
    return ReportFindings(_lead(each), each, float(ends) if ends == ends and ends > 0 else 1.0)


def _finding(row: Row, told: list[str]) -> ReportFinding:
    subject = _subject(row)
    gap: Row = {name: row[name + OF_GAP] for name in GAP}
    within = ", ".join(
        str(row[key]) if key == "model" else f"{str(key).replace('_', ' ')} {row[key]}"
        for key in told
        if key != row["factor"] and row[key] != ALL
    )
    verdict = _verdict(row)
    return ReportFinding(
        subject, within, verdict, row, _said(row, verdict), _corrected(gap, verdict)
    )


def _subject(row: Row) -> str:
    if row["factor"] == "category":
        return f"{row['level']} personas".capitalize()
    factor = str(row["factor"]).replace("_", " ").capitalize()
    return f"{factor} {row['level']} against {row['reference']}"


def _verdict(row: Row) -> str:
    """smaller, larger, open (no difference shown) or missing (nothing can be computed)."""
    if row["difference"] != row["difference"]:
        return "missing"
    if not row["adjusted"] < ALPHA:
        return "open"
    return "smaller" if row["difference"] < 0 else "larger"


def _said(row: Row, verdict: str) -> str:
    if verdict == "missing":
        return "nothing can be said: no scenario counts on both sides."
    means = f"{figure(row['figure'])} against {figure(row['reference_figure'])}"
    sure = f"adjusted {p_value(row['adjusted'])}"
    if verdict == "open":
        seen = (
            f" One of {figure(row['detectable'])} would have been seen four times in five."
            if row["detectable"] > 0
            else ""
        )
        return (
            f"no difference is shown. The distance is {means}, a difference of "
            f"{signed(row['difference'])} ({interval_text(row['low'], row['high'])}, {sure}).{seen}"
        )
    least, most = (row["low"], row["high"]) if verdict == "larger" else (-row["high"], -row["low"])
    return (
        f"the distance is {verdict} by {figure(abs(row['difference']))} "
        f"(95% interval {figure(least)} to {figure(most)}, {sure}): {means}{_lacking(row)}."
    )


def _lacking(row: Row) -> str:
    gone = int(row["missing"])
    return f"; {gone} scenario{'s' if gone > 1 else ''} missing" if gone else ""


def _corrected(gap: Row, verdict: str) -> str:
    """What the chance-corrected gap, which milder answers alone do not move, says beside it."""
    if gap["difference"] != gap["difference"]:
        return "Corrected for chance nothing can be said."
    told = f"{signed(gap['difference'])}, {interval_text(gap['low'], gap['high'])}"
    if not gap["adjusted"] < ALPHA:
        alone = ": milder answers alone may have narrowed the distance"
        return (
            f"Corrected for chance no difference is shown ({told})"
            f"{alone if verdict == 'smaller' else ''}."
        )
    nearer = gap["difference"] > 0
    against = (verdict == "smaller" and not nearer) or (verdict == "larger" and nearer)
    return (
        f"Corrected for chance, {'on the contrary, ' if against else ''}values and actions are "
        f"{'nearer' if nearer else 'further apart'} ({told})."
    )


def _lead(each: list[ReportFinding]) -> str:
    if not each:
        return "No comparison was planned: no condition differs from a reference in one factor."
    count = Counter(one.verdict for one in each)
    whole = f"of {len(each)} planned comparisons"
    shown = [
        f"{verdict} in {count[verdict]} {whole}, by {_sizes(each, verdict)}"
        for verdict in ("smaller", "larger")
        if count[verdict]
    ]
    said = (
        f"{AD_WORDS} is {' and '.join(shown)}, on a scale of 0 to 2 (adjusted p < .05)"
        if shown
        else ""
    )
    rest = [
        f"in {count[verdict]} {'' if shown else whole} {words}".replace("  ", " ")
        for verdict, words in (
            ("open", f"no difference {'is' if shown else 'in the distance is'} shown"),
            ("missing", "nothing can be said"),
        )
        if count[verdict]
    ]
    text = "; ".join([said, *rest] if said else rest)
    return f"{text[0].upper()}{text[1:]}."


def _sizes(each: list[ReportFinding], verdict: str) -> str:
    sizes = sorted({figure(abs(one.row["difference"])) for one in each if one.verdict == verdict})
    return f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else sizes[0]


def figure(value: float, missing: str = "missing") -> str:
    """A figure to three decimals, or that it is missing."""
    return missing if value != value else typeset(format_number("", value))


def signed(value: float) -> str:
    """A difference to three decimals with its sign."""
    return typeset(format_number("difference", value))


def interval_text(low: float, high: float) -> str:
    """A 95% interval in words."""
    return "no interval" if low != low else f"95% interval {typeset(ends(low, high))}"


def p_value(value: float) -> str:
    """A p-value as journals print it."""
    if value != value:
        return "p missing"
    return "p < .001" if value < 0.001 else f"p = {value:.3f}".replace("0.", ".")
