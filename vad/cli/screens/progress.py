"""Progress: a bar with rate and time left on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...runs.scheduler import Progress

PLAIN_EVERY = 10.0


@contextmanager
def progress() -> "Iterator[Callable[[Progress], None]]":
    """A function that shows a Progress, for as long as the run lasts."""
    if sys.stdout.isatty():
        with _bar() as show:
            yield show
    else:
        yield _lines()


def describe(state: "Progress") -> str:
    """Rate, time left and what could not be read, in words."""
    spent = max(time.monotonic() - state.began, 1e-6)
    rate = state.asked / spent
    left = (state.total - state.asked) / rate if rate else float("inf")
    words = [
        f"{state.model}: {state.asked}/{state.total} answers",
        f"{rate:.1f}/s",
        f"{clock(left)} left",
        f"{state.unreadable} unreadable",
    ]
    return ", ".join(words + ([f"{state.failed} failed"] if state.failed else []))


def clock(seconds: float) -> str:
    """Hours, minutes and seconds, as on a watch."""
    if seconds == float("inf"):
        return "?"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _lines() -> "Callable[[Progress], None]":
    last, ended = [0.0], [""]

    def show(state: "Progress") -> None:
        done = state.asked + state.failed >= state.total
        if (state.model, done) != (ended[0], True) and (
            done or time.monotonic() - last[0] > PLAIN_EVERY
        ):
            last[0] = time.monotonic()
            ended[0] = state.model if done else ""
            print(describe(state), flush=True)

    return show


@contextmanager
def _bar() -> "Iterator[Callable[[Progress], None]]":
    from rich.progress import BarColumn, TaskID, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(BarColumn(), TextColumn("{task.description}"))
    tasks: dict[str, TaskID] = {}

    def show(state: "Progress") -> None:
        if state.model not in tasks:
            tasks[state.model] = bar.add_task("", total=state.total)
        bar.update(
            tasks[state.model], completed=state.asked + state.failed, description=describe(state)
        )

    with bar:
        yield show
