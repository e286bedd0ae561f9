"""What `vad status` prints: how far a run is, how fast, what it has cost."""

from ...runs.status import Status
from .progress import clock


def print_status(one: Status) -> None:
    """How far a run is and how fast; unreadable answers by kind, tokens, money by its price."""
    state = "complete" if one.answers >= one.planned else "stopped, not complete"
    print(f"{one.folder}: {one.experiment}, {one.held_by or state}")
    share = one.answers / one.planned if one.planned else 0
    print(
        f"answers           {one.answers:,} of {one.planned:,} ({share:.1%})"
        + (f", {one.reused:,} of them reused" if one.reused else "")
    )
    if one.rate is not None and one.left is not None:
        print(f"rate              {one.rate:.1f}/s, {clock(one.left)} left")
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in one.unreadable.most_common())
    print(f"unreadable        {one.unreadable.total():,}" + (f": {kinds}" if kinds else ""))
    print(f"tokens            {one.prompt_tokens:,} of prompts, {one.output_tokens:,} of answers")
    for currency, amount in one.money.items():
        print(f"money             {amount:,.4f} {currency}, cached tokens at the full price")
    for model, share in one.coerced.items():
        print(f"coerced           {share:.1%} of {model}'s own probability was on no option")
