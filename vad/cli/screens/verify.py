"""What `vad verify` prints: how many answers came out equal, and the noise that follows."""

import pandas as pd
from rich.table import Table

from ...report.formatting import format_number
from ...tools.reproducibility import Verified
from .tables import console, varying

SAME = {"same_answer": "the same answer", "same_text": "the same text"}
NOISE_COLUMNS = ("ar", "ar_noise", "ad", "ad_noise")


def print_verified(found: Verified) -> None:
    """Shares with their intervals, the conditions with their noise, versions that differ."""
    for column, words in SAME.items():
        share, low, high = found.share(column)
        print(
            f"{int(found.pairs[column].sum()):,} of {len(found.pairs):,} asked again gave {words}: "
            f"{share:.1%} (95% {low:.1%} to {high:.1%})"
        )
    for name in sorted({*found.before, *found.now}):
        then, now = found.before.get(name, "none"), found.now.get(name, "none")
        if then != now:
            print(f"{name}: {then} then, {now} now")
    print("\nnoise: how far a condition's figure moves if all is asked again (standard deviation)")
    console().print(_table(found.noise))
    worst = found.noise[["ar_noise", "ad_noise"]].max()
    print(f"noise floor, the largest: AR {worst['ar_noise']:.4f}, AD {worst['ad_noise']:.4f}")
    print(f"written: {found.folder}")


def _table(noise: pd.DataFrame) -> Table:
    keys = varying(noise, NOISE_COLUMNS)
    shown = Table(box=None, pad_edge=False)
    for name in keys:
        shown.add_column(name, no_wrap=True)
    for name in NOISE_COLUMNS:
        title = name.upper() if len(name) == 2 else name[:2].upper() + " noise"
        shown.add_column(title, justify="right")
    for row in noise.to_dict("records"):
        figures = (format_number(name, row[name], digits=4) for name in NOISE_COLUMNS)
        shown.add_row(*(str(row[name]) for name in keys), *figures)
    return shown
