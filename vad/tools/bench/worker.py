"""One way, in a process of its own: it prepares, says so, and answers a round a line."""

import asyncio
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path

from ...design.experiment import Experiment, load_experiment
from ...design.plan import make_plan
from ...engines.orphans import die_with_parent
from ...engines.vllm import VllmEngine
from ...runs.guarantee.dry_run import DryEngine
from ...study.loader import Study
from . import dspy_default
from . import raw_vllm as raw
from . import vad_run as whole_run
from .rounds import READY, BenchTask
from .workload import AnswerAll, BenchAnswers


def load(task: BenchTask) -> Experiment:
    """The experiment as it is asked here: of one model, so many scenarios."""
    study = Study(Path(task.study))
    return load_experiment(study, Path(task.experiment), model=task.model, limit=task.limit)


async def prepare(name: str, task: BenchTask) -> AnswerAll:
    """A way, its engine started."""
    plan = make_plan(load(task))
    engine = VllmEngine(
        plan.experiment.models[task.model], plan.experiment.study, "auto", Path(os.devnull)
    )
    if name == "raw":
        return await raw.prepare(plan, engine)
    if name == "dspy":
        return await dspy_default.prepare(plan, engine)
    asked = DryEngine() if name == "simulated" else engine
    await asked.start()
    return whole_run.prepare(lambda: load(task), asked)


async def serve(name: str, task: BenchTask) -> None:
    """Prepare, then a round for each line of stdin until it ends."""
    answer = await prepare(name, task)
    _say({})
    while await asyncio.to_thread(sys.stdin.readline):
        cpu = _cpu()
        began = time.perf_counter()
        answers: BenchAnswers = await answer()
        seconds = time.perf_counter() - began
        _say({"seconds": seconds, "cpu": _cpu() - cpu} | answers.__dict__)


def _cpu() -> float:
    """CPU seconds of this process so far, all its threads, none of its children."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _say(told: dict[str, float]) -> None:
    print(READY + json.dumps(told), flush=True)


if __name__ == "__main__":
    die_with_parent()
    # Three engines share the machine: each gets as much cache as a small model can use.
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    code = 1
    try:
        asyncio.run(serve(sys.argv[1], BenchTask(**json.loads(sys.argv[2]))))
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        # The engine's processes die with this one; Python would wait for them.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
