"""Forecasts held against what came: `vad check --calibrate`, then the run, on one engine, in turn.

    python -m tests.forecasts --tries 10 --limit 32

Each try asks other scenarios of pocket_quickstart, the prefix cache emptied before both.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from tests.helpers.studies import REPOSITORY
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.engines.profiles import load_profile
from vad.engines.vllm import VllmEngine
from vad.runs.forecast import calibrate
from vad.runs.run import every_model, prepare_run
from vad.study.loader import find_study
from vad.tools.bench.vad_run import LiveEngine


async def tries(count: int, limit: int) -> None:
    """Print forecast, interval and outcome of each try, and how many held."""
    study = find_study(REPOSITORY)
    path = REPOSITORY / "experiments" / "pocket_quickstart.toml"
    hits = 0
    engine = VllmEngine(load_profile(study, "pocket", "here"), study, "auto", Path(os.devnull))
    await engine.start()

    def kept(*_: object) -> LiveEngine:
        return LiveEngine(engine)

    for number in range(count):
        experiment = load_experiment(study, path, limit=limit, seed=number, model="pocket")
        plan = make_plan(experiment)
        await engine.forget()
        (told,) = await calibrate(plan, "pocket", kept, Path(os.devnull))
        await engine.forget()
        with tempfile.TemporaryDirectory() as name:
            recorder = await asyncio.to_thread(prepare_run, plan, Path(name) / "run")
            began = time.monotonic()
            await every_model(recorder, None, lambda _: None, kept)
            recorder.close()
            took = time.monotonic() - began
        low, high = told.interval
        hits += low <= took <= high
        print(
            f"{len(plan.trials)} questions: forecast {told.seconds:.1f} s ({low:.1f} to {high:.1f},"
            f" +-{told.width:.0%}), took {took:.1f} s, {'held' if low <= took <= high else 'not'}"
            f"; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    print(f"{hits} of {count} held")


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    given.add_argument("--tries", type=int, default=10)
    given.add_argument("--limit", type=int, default=32)
    arguments = given.parse_args()
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    asyncio.run(tries(arguments.tries, arguments.limit))
    os._exit(0)
