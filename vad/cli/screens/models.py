"""What `vad models` prints: a line a profile; what is fetched, and how far it has come."""

import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from ...engines.capabilities import capabilities
from ...engines.fetch import MB, comes_from, fetch, here, hub_folder, megabytes
from ...engines.profiles import load_profiles
from ...errors import StudyError
from ...runs.store.reader import read_manifest
from ...study.cache import cache_folder
from ...study.loader import Study
from ...study.models import Model
from .tables import console


def print_models(study: Study, runs: Path) -> None:
    """A row a profile, the folder of the cache, and how to fetch what is not here."""
    seen = _seen(runs)
    table = Table(box=None, pad_edge=False)
    for title in ("model", "licence", "size", "weights from", "here", "a run seen"):
        table.add_column(title, justify="right" if title == "size" else "left")
    for name, model in load_profiles(study).items():
        local = model.folder(study) is not None and not model.source
        table.add_row(
            name,
            model.licence or "not stated",
            size_of(model, study),
            model.weights if local or comes_from(model) == "hub" else comes_from(model),
            "yes" if here(model, study) else "no",
            seen.get(name, "none"),
        )
    console().print(table)
    print(f"\nfetched and dequantised weights: {cache_folder()}; VAD_CACHE names another folder")
    print("bring what is not here: vad models fetch NAME")


def size_of(model: Model, study: Study) -> str:
    """The size of what lies here; else of what is to be fetched, as its profile says."""
    if not capabilities(model).in_process:
        return ""
    path = model.folder(study) or hub_folder(model)
    if path is not None and path.exists():
        files = path.glob("*.safetensors") if path.is_dir() else [path]
        return _megabytes(sum(file.stat().st_size for file in files) / MB)
    expected = megabytes(model)
    return _megabytes(expected) if expected else "not stated"


def fetch_shown(models: list[Model], study: Study) -> None:
    """Say what is not here and how large it is, and fetch it; nothing where all is here."""
    for model in models:
        if here(model, study):
            continue
        size = megabytes(model)
        amount = _megabytes(size) if size else "size not stated"
        source = comes_from(model)
        source = f"the model hub ({model.weights})" if source == "hub" else f"the {source}"
        print(
            f"{model.name}: weights are not here; fetching {amount} from {source}",
            file=sys.stderr,
            flush=True,
        )
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        screen = Console(stderr=True)
        bar = Progress(*columns, TransferSpeedColumn(), console=screen, disable=not model.source)
        with bar:
            task = bar.add_task(model.name, total=None)
            fetch(
                model,
                study,
                lambda done, total: bar.update(task, completed=done, total=total),  # noqa: B023
            )


def print_place(model: Model, study: Study) -> None:
    """Where a profile's weights lie."""
    if not capabilities(model).in_process:
        print(f"{model.name}: engine {model.engine}, nothing to fetch")
        return
    print(f"{model.name}: {model.folder(study) or hub_folder(model)}")


def _seen(runs: Path) -> dict[str, str]:
    """The latest run that each model answered in, by the model's name, and how many answers."""
    found: dict[str, str] = {}
    for file in sorted(runs.glob("*/manifest.json"), key=lambda one: one.stat().st_mtime):
        try:
            manifest = read_manifest(file.parent) or {}
        except StudyError:  # somebody else's file; `vad report` would say what is wrong with it
            continue
        for name, proved in manifest.get("certificates", {}).items():
            answers = proved.get("outcome", {}).get("answers", 0)
            if answers:
                found[name] = f"{file.parent.name}: {answers:,} answers"
    return found


def _megabytes(size: float) -> str:
    return f"{size / 1000:.1f} GB" if size >= 1000 else f"{size:.0f} MB"
