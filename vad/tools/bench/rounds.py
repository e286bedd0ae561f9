"""Rounds: every way in turn, the order turned round each time, and what each round took."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from dspy import Predict

from ...design.experiment import Experiment
from ...design.plan import make_plan
from ...engines.capabilities import capabilities
from ...engines.orphans import VARIABLE
from ...errors import EngineGone, StudyError, unknown

WAYS = ("raw", "run", "dspy", "simulated")
TIMES = 10
"""As many questions more are asked of an engine that answers at once."""

READY = "bench: "


@dataclass(frozen=True)
class BenchTask:
    """What is asked in every round: so many scenarios of an experiment, of one model."""

    study: Path
    experiment: Path
    model: str
    limit: int


@dataclass(frozen=True)
class Round:
    """One way's answers to all questions.

    cpu: seconds of the process that asks, vLLM's front end included where it is the same process.
    served: seconds of the server's front end, where that is a process of its own.
    output_tokens: of all answers; 0 where nobody counts them.
    """

    seconds: float
    cpu: float
    questions: int
    unreadable: int
    output_tokens: int = 0
    served: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.questions / self.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of CPU a question of the process that asks."""
        return 1000 * self.cpu / self.questions

    @property
    def server_cost(self) -> float:
        """Milliseconds of CPU a question of a server's front end; 0 where there is no server."""
        return 1000 * self.served / self.questions


class WayProcess:
    """One way in a process of its own, its engine started and everything asked once."""

    def __init__(self, name: str, task: BenchTask) -> None:
        self.name = name
        told = json.dumps(asdict(task), default=str)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vad.tools.bench.worker", name, told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=os.environ | {VARIABLE: str(os.getpid())},
        )
        self._told()

    def round(self) -> Round:
        """Have it answer all questions once."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Round(**self._told())

    def close(self) -> None:
        """End the process and its engine."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith(READY):
                told: dict[str, Any] = json.loads(line.removeprefix(READY))
                return told
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip().splitlines()
        raise EngineGone(f'the way "{self.name}" ended\n  ' + "\n  ".join(said[-8:] or ["?"]))


def choose(experiment: Experiment, questions: int, ways: str) -> tuple[BenchTask, list[str]]:
    """What is asked: whole scenarios, as many as come to `questions`, at least one.

    Raises StudyError for several models, one that is no vLLM's, a program of several calls, a way
    that there is not.
    """
    names = [name.strip() for name in ways.split(",")]
    for name in names:
        if name not in WAYS:
            raise unknown("--ways", "way", name, "there are", WAYS)
    models = list(experiment.models.values())
    if len(models) > 1 or not capabilities(models[0]).is_vllm:
        raise StudyError(
            f"{experiment.place}: model",
            f"is {', '.join(one.name for one in models)}; a bench asks one model on vLLM",
            "name one: --model pocket",
        )
    plan = make_plan(experiment)
    for one in {id(one.part): one for one in plan.conversations}.values():
        if len(one.part.signatures) > 1 or not isinstance(one.part.module, Predict):
            raise StudyError(
                one.part.place,
                "makes several LM calls a question, and raw vLLM has one batch",
                'bench an experiment with a program of one call: program = "direct"',
            )
    scenarios = len({trial.scenario.id for trial in plan.trials})
    limit = max(1, questions * scenarios // len(plan.conversations))
    return BenchTask(
        experiment.study.root, experiment.path, models[0].name, min(limit, scenarios)
    ), names


def bench(
    task: BenchTask, ways: list[str], rounds: int, tell: Callable[[str], None]
) -> dict[str, list[Round]]:
    """The rounds of every way, after one that is not counted; `tell` hears how far it is.

    Raises EngineGone, with its last words, if a way ends.
    """
    found: dict[str, list[Round]] = {name: [] for name in ways}
    with ExitStack() as stack:
        started = []
        for name in ways:
            tell(f"{name}: starting, and all questions once")
            more = TIMES if name == "simulated" else 1
            way = WayProcess(name, replace(task, limit=task.limit * more))
            stack.callback(way.close)
            way.round()
            started.append(way)
        for number in range(rounds):
            for way in started[:: -1 if number % 2 else 1]:
                done = way.round()
                found[way.name].append(done)
                tell(f"round {number + 1}, {way.name}: {done.rate:.1f} answers/s")
    return found


def ratio(a: list[Round], b: list[Round], figure: Callable[[Round], float]) -> list[float]:
    """A figure of each round of `a` over that of `b` in the same round."""
    return [figure(one) / figure(other) for one, other in zip(a, b, strict=True)]


def spread(figures: list[float]) -> tuple[float, float, float]:
    """Median, least, greatest."""
    return median(figures), min(figures), max(figures)
