"""DSPy as it comes: JSONAdapter, LiteLLM, vLLM's own server, 32 threads; DSPy's cache off."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

from ...design.trials import Plan
from ...engines.vllm import VllmEngine
from ...engines.vllm_args import QUIET_ENVIRONMENT, engine_settings
from ...errors import EngineGone
from ...study.models import Model
from .workload import AnswerAll, BenchAnswers, every_call

NAME = "hosted_vllm/model"
CLIENT_THREADS = 32
STARTS_WITHIN = 300.0
"""Seconds until the server answers."""


async def prepare(plan: Plan, engine: VllmEngine) -> AnswerAll:
    """A server of the model, and DSPy's modules as the study has them, asked in threads."""
    # LiteLLM would ask the network what models can do; ours is in no list.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    try:
        import litellm
    except ImportError:
        raise EngineGone(
            'DSPy\'s path needs LiteLLM: pip install litellm, or leave "dspy" out'
        ) from None
    import dspy
    import psutil

    litellm.register_model(
        {
            NAME: {
                "litellm_provider": "hosted_vllm",
                "mode": "chat",
                "supports_response_schema": True,
            }
        }
    )
    base, server = _serve(engine)
    process = psutil.Process(server.pid)
    calls = await every_call(plan)
    first = calls[0]
    lm = dspy.LM(
        NAME,
        engine="litellm",
        cache=False,
        api_base=f"{base}/v1",
        api_key="none",
        temperature=first.temperature,
        top_p=first.top_p,
        max_tokens=max(call.max_tokens for call in calls),
        extra_body={"top_k": first.top_k},
    )
    asked = [
        (
            one.part.module,
            dspy.Example(**one.inputs, config={"seed": call.seed}).with_inputs(
                *one.inputs, "config"
            ),
        )
        for one, call in zip(plan.conversations, calls, strict=True)
    ]

    def cpu() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    async def answer() -> BenchAnswers:
        urllib.request.urlopen(f"{base}/reset_prefix_cache", data=b"").close()
        before = cpu()
        with dspy.context(lm=lm, adapter=dspy.JSONAdapter()):
            every = dspy.Parallel(CLIENT_THREADS, max_errors=len(asked), disable_progress_bar=True)
            found = await asyncio.to_thread(every, asked)
        return BenchAnswers(len(found), sum(one is None for one in found), served=cpu() - before)

    return answer


def _serve(engine: VllmEngine) -> tuple[str, subprocess.Popen[bytes]]:
    """vLLM's server with the arguments that a run's engine would have, up; it dies with us."""
    model: Model = engine.model
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = engine_settings(engine.model, engine.folder) | {
        "port": port,
        "served_model_name": "model",
    }
    given["structured_outputs_config"] = json.dumps({"backend": engine.backend})
    flags = []
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            flags.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            flags.append(f"--{flag}={value}")
    server = subprocess.Popen(
        [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *flags],
        env=os.environ | QUIET_ENVIRONMENT | {"VLLM_SERVER_DEV_MODE": "1", "OMP_NUM_THREADS": "1"},
        stdout=sys.stderr,
    )
    base = f"http://127.0.0.1:{port}"
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"{base}/health", timeout=1).close()
            return base, server
        except OSError:
            time.sleep(0.5)
    raise EngineGone(f"vLLM's server of {model.name} did not start")
