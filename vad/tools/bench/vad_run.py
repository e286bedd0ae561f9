"""A whole run, from the experiment's file to Parquet, on an engine that is up already."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from ...design.experiment import Experiment
from ...design.plan import make_plan
from ...engines.base import Engine
from ...engines.vllm import VllmEngine
from ...runs.run import every_model, prepare_run
from ...runs.store.reader import read_table
from .workload import AnswerAll, BenchAnswers


class LiveEngine:
    """An engine that outlives the runs it answers."""

    def __init__(self, engine: Engine) -> None:
        self.answer = engine.answer
        self.about = engine.about

    async def start(self) -> None:
        """It is up."""

    async def close(self) -> None:
        """It stays up."""


def prepare(load: Callable[[], Experiment], engine: Engine) -> AnswerAll:
    """`load` reads the experiment anew for each run."""

    async def answer() -> BenchAnswers:
        if isinstance(engine, VllmEngine):
            await engine.forget()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "bench"
            # Plan and proofs have an event loop of their own, and may not stand on this one.
            recorder = await asyncio.to_thread(lambda: prepare_run(make_plan(load()), folder))
            try:
                outcome = await every_model(
                    recorder, None, lambda _: None, lambda *_: LiveEngine(engine)
                )
            finally:
                recorder.close()
            rows = read_table(outcome.folder, "responses", ["output_tokens"])
        return BenchAnswers(
            outcome.planned, outcome.unreadable + outcome.open, int(rows["output_tokens"].sum())
        )

    return answer
