"""What vLLM is given: its environment and its engine arguments, by its own names.

On a CPU a request's own seed works only without chunked prefill, and the KV cache has to be given
a size; both are set here unless the profile says otherwise. Everything in a profile's
`engine_args` goes to vLLM as it stands.
"""

import os
from pathlib import Path
from typing import Any

from ..errors import StudyError
from ..study.models import Model
from .before_start import refuse_unknown_arguments
from .orphans import VARIABLE
from .prefix_cache import CPU_BLOCK

MOST_CONTINUATIONS = 512
"""Tokens that may begin the options of a question, all together."""

QUIET_ENVIRONMENT = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def set_environment(folder: Path | None) -> None:
    """What vLLM and its processes read from the environment, where nobody has set it.

    folder: of the weights, None for a name on a hub.
    """
    os.environ[VARIABLE] = str(os.getpid())
    # After its time-out a constraint that is still being compiled would give an empty answer;
    # 0 is none, and no thread a request either.
    os.environ["VLLM_REGEX_COMPILATION_TIMEOUT_S"] = "0"
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if folder:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")
        # A busy machine may take minutes for a step; after its time-out vLLM gives the engine up.
        os.environ.setdefault("VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS", "3600")
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))


def arguments(model: Model, folder: Path | None, backend: str) -> Any:
    """vLLM's AsyncEngineArgs; StudyError for an argument of the profile that it refuses."""
    from vllm.config import StructuredOutputsConfig
    from vllm.engine.arg_utils import AsyncEngineArgs

    refuse_unknown_arguments(model)
    held = StructuredOutputsConfig(backend=backend)
    try:
        return AsyncEngineArgs(**engine_settings(model, folder), structured_outputs_config=held)
    except Exception as error:
        raise StudyError(
            f"experiments/models.toml: {model.name}.engine_args",
            str(error).strip().splitlines()[0],
        ) from None


def engine_settings(model: Model, folder: Path | None) -> dict[str, Any]:
    """The engine arguments of the profile, with what a CPU needs, by vLLM's own names."""
    from vllm.platforms import current_platform

    length = model.max_model_len
    given: dict[str, Any] = {
        "model": str(folder or model.weights),
        "max_model_len": length,
        "enable_prefix_caching": True,
        "max_num_seqs": model.concurrency,
        "generation_config": "vllm",
        "enable_lora": bool(model.lora),
        "max_logprobs": MOST_CONTINUATIONS,
        # Nobody reads vLLM's own statistics here, and each token would be counted for them.
        "disable_log_stats": True,
    }
    if model.revision:
        given["revision"] = model.revision
    if current_platform.is_cpu():
        given |= {
            "enable_chunked_prefill": False,
            "max_num_batched_tokens": max(length, 4096),
            "enforce_eager": True,
            "block_size": CPU_BLOCK,
        }
    return given | model.engine_args
