"""Before the start: what vLLM would refuse, read from its own source and the weights' config.

Its start takes half a minute and its reasons stand in a log; these three it need not be asked for.
"""

import ast
import importlib.util
import json
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import StudyError
from ..study.models import Model
from .capabilities import capabilities

QUANTISES_ITSELF = ("fp8", "mxfp8", "int8", "torchao", "inc", "online", "bitsandbytes", "nvfp4")
"""What vLLM makes of unquantised weights; every other method needs weights made for it."""

CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
"""Under which of its names a config says how long a context the weights were made for."""


def refuse_unknown_arguments(model: Model) -> None:
    """StudyError for an engine argument that the vLLM installed here does not have."""
    known = (_arguments() if capabilities(model).is_vllm else None) or frozenset()
    for name in model.engine_args if known else ():
        if name in known:
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        raise StudyError(
            f"experiments/models.toml: {model.name}.engine_args.{name}",
            f'vLLM has no engine argument "{name}"',
            f'did you mean "{near[0]}"?' if near else "its arguments are those of AsyncEngineArgs",
        )


def refuse_unfit(model: Model, weights: Path) -> None:
    """StudyError for a quantization the weights do not have, a context beyond theirs.

    weights: their folder. Without a config in it nothing is said.
    """
    file = weights / "config.json"
    if not capabilities(model).is_vllm or not file.is_file():
        return
    config = json.loads(file.read_text(encoding="utf-8"))
    wanted = str(model.engine_args.get("quantization") or "")
    if wanted and "quantization_config" not in config and not wanted.startswith(QUANTISES_ITSELF):
        raise StudyError(
            f"experiments/models.toml: {model.name}.engine_args.quantization",
            f'is "{wanted}", and the weights are not quantised: their config.json has no '
            "quantization_config",
            f"leave it out, or name weights made for {wanted}",
        )
    most = _context(config)
    if most is not None and model.max_model_len > most:
        raise StudyError(
            f"experiments/models.toml: {model.name}.max_model_len",
            f"is {model.max_model_len}, and the weights were made for at most {most} tokens",
            f"set max_model_len = {most} or less",
        )


def _context(config: dict[str, Any]) -> int | None:
    """The context in tokens; None where it is not said, or stretched in a way of the model's."""
    text = config.get("text_config", config)
    stretched = text.get("rope_scaling") or text.get("rope_parameters") or {}
    kind = stretched.get("rope_type", stretched.get("type", "default"))
    if kind != "default":
        return None
    found = [text[key] for key in CONTEXT_KEYS if isinstance(text.get(key), int)]
    return found[0] if found else None


@cache
def _arguments() -> frozenset[str]:
    """The names of vLLM's engine arguments, from its source: to import it takes seconds."""
    found = importlib.util.find_spec("vllm")
    file = Path(found.origin).parent / "engine" / "arg_utils.py" if found and found.origin else None
    if file is None or not file.is_file():
        return frozenset()
    classes = [
        node
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name in ("EngineArgs", "AsyncEngineArgs")
    ]
    return frozenset(
        line.target.id
        for one in classes
        for line in one.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    )
