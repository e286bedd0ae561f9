"""Forecast: how long the questions of an experiment take, from some of them asked as a run would.

As many conversations are kept in flight as in a run; by Little's law (1961) conversations leave
such a system at the rate of their number over the mean time that each spends in it. The first to
fill the engine are not timed, nor those that keep it full until the last timed one has ended. They
are taken from places spread over the plan, neighbours in the order of a run, so that they share
what a run's share.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from ..design.trials import Conversation, Plan
from ..engines.base import Engine
from .conversation import hold
from .prefix_order import in_prefix_order
from .run import Make
from .scheduler import in_flight, session_for

TIMED = 60
PLACES = 5
"""Places of the plan that the timed conversations are taken from."""

PACE = 0.1
"""How far the pace of a machine itself differs from one time to the next, as a share."""

WIDEST_INTERVAL = 0.2
"""Half of the interval, as a share, that more conversations are timed to come below."""


@dataclass
class Forecast:
    """What was timed, and what follows: seconds from the first question to the last answer."""

    model: str
    backend: str
    conversations: int
    start: float
    timed: int
    asked: int
    seconds: float
    width: float

    @property
    def interval(self) -> tuple[float, float]:
        """Where about 95% of runs end, if the machine stays as it is."""
        return self.seconds * (1 - self.width), self.seconds * (1 + self.width)


async def calibrate(plan: Plan, name: str, make: Make, log: Path) -> list[Forecast]:
    """A forecast for each backend that a plan asks a model with; nothing is written but `log`.

    Raises EngineGone if the engine does not start, EngineFailure if it does not answer.
    """
    queues: dict[str, dict[str, list[Conversation]]] = {}
    for one in plan.conversations:
        settings = plan.condition(one.trials[0]).settings
        if settings.model == name:
            queue = queues.setdefault(settings.backend, {})
            queue.setdefault(one.trials[0].key, []).append(one)
    found = []
    for backend, groups in queues.items():
        model = plan.experiment.models[name]
        engine = make(model, plan.experiment.study, backend, log)
        order = [group[0] for group in in_prefix_order(list(groups.values()))]
        found.append(await _calibrate(plan, engine, backend, name, order))
    return found


async def _calibrate(
    plan: Plan, engine: Engine, backend: str, name: str, queue: list[Conversation]
) -> Forecast:
    began = time.monotonic()
    try:
        await engine.start()
        start = time.monotonic() - began
        width = in_flight(plan.experiment.models[name].concurrency, len(queue))
        timed: list[float] = []
        asked = 0
        while True:
            times, count = await _time(plan, engine, queue, width, asked)
            timed += times
            asked += count
            mean = fmean(timed)
            noise = 1.96 * stdev(timed) / len(timed) ** 0.5 / mean
            half = (noise**2 + PACE**2) ** 0.5
            if half <= WIDEST_INTERVAL or asked >= len(queue):
                break
    finally:
        await engine.close()
    # The last to begin is in flight for a while yet, when there is no other.
    seconds = len(queue) * mean / width + mean / 2
    return Forecast(
        name, backend, len(queue), start, len(timed), asked, seconds, min(half, WIDEST_INTERVAL)
    )


async def _time(
    plan: Plan, engine: Engine, queue: list[Conversation], width: int, skip: int
) -> tuple[list[float], int]:
    """Seconds that each of the timed spent in a full engine; how many were asked for that."""
    times: dict[int, float] = {}
    asked = 0

    async def one_of(number: int, one: Conversation) -> None:
        began = time.monotonic()
        letter = plan.condition(one.trials[0]).settings.decoding == "letter"
        await hold(one, lambda: session_for(engine, plan, one), lambda *_: None, letter)
        if width <= number < width + TIMED:
            times[number] = time.monotonic() - began

    async def work(waiting: Iterator[tuple[int, Conversation]]) -> None:
        nonlocal asked
        for number, one in waiting:
            asked += 1
            await one_of(number, one)
            if len(times) == TIMED:
                return

    waiting = enumerate(sample(queue, skip))
    await asyncio.gather(*(work(waiting) for _ in range(width)))
    return list(times.values()), asked


def sample(queue: list[Conversation], skip: int) -> Iterator[Conversation]:
    """Stretches of a plan in turn, a few conversations of each at a time, on and on."""
    stretch = TIMED // PLACES
    begins = [len(queue) * place // PLACES for place in range(PLACES)]
    number = 0
    while True:
        turn = skip // PLACES + stretch * (number // PLACES)
        begin = begins[number % PLACES] + turn
        for place in range(begin, begin + stretch):
            yield queue[place % len(queue)]
        number += 1
