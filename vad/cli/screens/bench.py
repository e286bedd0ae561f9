"""What `vad bench` prints: the ways side by side, and the ratios that matter."""

from operator import attrgetter

from rich.table import Table

from ...tools.bench.rounds import Round, ratio, spread
from .tables import console


def print_bench(found: dict[str, list[Round]]) -> None:
    """Median and spread of every way over the rounds; ratios are taken within a round."""
    screen = console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("way", no_wrap=True)
    for name in ("answers/s", "over raw", "CPU ms a question", "server's", "tokens", "unreadable"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, rounds in found.items():
        over = "raw" in found and name not in ("raw", "simulated")
        count = sum(one.questions for one in rounds)
        front = [one.server_cost for one in rounds]
        tokens = sum(one.output_tokens for one in rounds) / count
        table.add_row(
            name,
            _said([one.rate for one in rounds], 0 if rounds[0].rate >= 1000 else 1),
            _said(ratio(rounds, found["raw"], attrgetter("rate")), 2) if over else "",
            _said([one.cost for one in rounds], 2),
            _said(front, 2) if any(front) else "",
            f"{tokens:.0f}" if tokens else "",
            f"{sum(one.unreadable for one in rounds):,} of {count:,}",
        )
    screen.print(table)
    if {"raw", "run", "dspy"} <= set(found):
        both = list(zip(found["run"], found["raw"], found["dspy"], strict=True))
        own = [run.cost - raw.cost for run, raw, _ in both]
        print(f"outside vLLM, run less raw: {_said(own, 2)} ms of CPU a question")
        shares = [(run.cost - raw.cost) / dspy.cost for run, raw, dspy in both]
        print(f"that over dspy's client, its server taken as the engine's: {_said(shares, 3)}")
        shares = [run.cost / (dspy.cost + dspy.server_cost) for run, _, dspy in both]
        print(f"all of run over dspy's client and its server's front end: {_said(shares, 3)}")


def _said(figures: list[float], digits: int) -> str:
    middle, least, most = spread(figures)
    return f"{middle:.{digits}f} ({least:.{digits}f}-{most:.{digits}f})"
