"""Checks: findings of `vad scenarios check` and `vad personas check`, printed."""

from collections.abc import Sequence

from ...tools.curation.finding import Finding


def print_findings(findings: Sequence[Finding]) -> int:
    """Print each finding, with the places where it does not hold; how many do not."""
    for one in findings:
        print(f"{'ok ' if one.holds else 'NO '} {one.name}: {one.figure}; wanted {one.limit}")
        for line in one.where if not one.holds else []:
            print(f"      {line}")
    return sum(not one.holds for one in findings)
