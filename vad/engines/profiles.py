"""Profiles: models.toml as its engines take it, their local files looked at."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import StudyError, unknown
from ..study.hashing import GGUF
from ..study.loader import Study
from ..study.models import Model, load_models
from .before_start import refuse_unknown_arguments
from .capabilities import capabilities
from .request_fields import agree_fields
from .weights import look_at_gguf


def load_profiles(study: Study) -> dict[str, Model]:
    """All profiles of models.toml; StudyError for one that its engine cannot take."""
    models = load_models(study)
    for name, model in models.items():
        _agree(model, f"experiments/models.toml: {name}")
    return models


def _agree(model: Model, where: str) -> None:
    served = model.engine == "server"
    if served and not model.base_urls:
        raise StudyError(
            f"{where}.base_urls",
            'the engine "server" needs at least one',
            'write, for example: base_urls = ["http://localhost:8000/v1"]',
        )
    if model.validated and not served:
        raise StudyError(
            f"{where}.guarantee",
            f'"validated" is for the engine "server"; {model.engine} holds answers by construction',
        )


def load_profile(study: Study, name: str, where: str) -> Model:
    """One profile by name, its local files looked at.

    Raises StudyError for an unknown name, a request field that is not a profile's to set, a folder
    that is missing or without weights or tokenizer. Weights with a source need not be here yet.
    """
    models = load_profiles(study)
    if name not in models and ("/" in name or Path(name).is_dir()):
        return model_at(name, study, {"name": name})
    if name not in models:
        raise unknown(where, "model", name, "experiments/models.toml has", models)
    model = models[name]
    _look_at_lora(model, study)
    refuse_unknown_arguments(model)
    # Of the profile that is asked alone: a field of another is no reason not to ask this one.
    agree_fields(model, f"experiments/models.toml: {name}")
    folder = model.folder(study)
    place = f"experiments/models.toml: {name}.weights"
    if folder is None:
        return model
    if model.source and not folder.exists():
        return model
    if not folder.exists():
        raise StudyError(place, f'there is no "{model.weights}" (looked in {folder})')
    if not capabilities(model).has_weights:
        return model
    if folder.suffix == GGUF:
        look_at_gguf(folder, place)
        return model
    look_at_weights(folder, model.weights, place)
    return model


def model_at(name: str, study: Study, given: dict[str, Any]) -> Model:
    """A profile for weights that no models.toml names: a folder, a hub name, a server's address.

    given: further keys of the profile. Raises StudyError for a key that a profile has not, and for
    a folder without weights.
    """
    own: dict[str, Any] = {"name": Path(name).name or name, "weights": name}
    if name.startswith(("http://", "https://")):
        own = {"name": "served", "weights": "served", "engine": "server", "base_urls": [name]}
    try:
        model = Model(**own | given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            raise unknown(name, "setting", key, "a profile has", Model.model_fields) from None
        raise StudyError(f"{name}: {key}", first["msg"]) from None
    _agree(model, name)
    agree_fields(model, name)
    folder = model.folder(study)
    if folder is not None and capabilities(model).has_weights:
        if not folder.exists():
            raise StudyError(name, f"there is no such folder (looked in {folder})")
        look_at_weights(folder, name, name)
    return model


def _look_at_lora(model: Model, study: Study) -> None:
    """StudyError for adapter weights that are not there."""
    folder = model.lora_folder(study)
    if folder is None or (folder / "adapter_config.json").is_file():
        return
    raise StudyError(
        f"experiments/models.toml: {model.name}.lora",
        f'"{model.lora}" holds no adapter: adapter_config.json is missing (looked in {folder})',
        "an adapter's folder (PEFT) holds adapter_config.json and adapter_model.safetensors",
    )


def look_at_weights(folder: Path, weights: str, place: str) -> None:
    """StudyError for a folder without weights or tokenizer; weights: as the profile names it."""
    for needed, what in (("config.json", "model"), ("tokenizer.json", "tokenizer")):
        if not (folder / needed).is_file():
            raise StudyError(
                place,
                f'"{weights}" holds no {what}: {needed} is missing',
                "a weights folder in the Hugging Face layout holds config.json, tokenizer.json, "
                "*.safetensors",
            )
    if not list(folder.glob("*.safetensors")):
        raise StudyError(place, f'"{weights}" holds no weights: no *.safetensors in it')
