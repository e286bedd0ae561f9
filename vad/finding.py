"""Findings: figures that are held to a limit, of dilemmas or of personas, and how they are told."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Finding:
    """One figure: what it is, what it came to, its limit, whether it holds, where it does not."""

    name: str
    figure: str
    limit: str
    holds: bool
    where: list[str] = field(default_factory=list)


def tell(findings: Sequence[Finding]) -> int:
    """Print each finding, with the places where it does not hold; how many do not."""
    for one in findings:
        print(f"{'ok ' if one.holds else 'NO '} {one.name}: {one.figure}; wanted {one.limit}")
        for line in one.where if not one.holds else []:
            print(f"      {line}")
    return sum(not one.holds for one in findings)
