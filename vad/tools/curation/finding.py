"""Findings: figures that are held to a limit, of dilemmas or of personas, and how they are told."""

from dataclasses import dataclass, field


@dataclass
class Finding:
    """One figure: what it is, what it came to, its limit, whether it holds, where it does not."""

    name: str
    figure: str
    limit: str
    holds: bool
    where: list[str] = field(default_factory=list)
