"""Request fields: what a call is on the wire, and which of it a provider takes.

Providers refuse what they do not know: a profile leaves a field out (`omit`), names it otherwise
(`rename`), or asks for the schema in a lesser form (`response_format`). Whatever a lesser form no
longer says is held to by the strict parser alone.
"""

import re
from typing import Any

from ..errors import StudyError, unknown
from ..study.models import Model
from .base import Call

ALL_TAKE = ("temperature", "top_p", "max_tokens", "seed")
VLLM_TAKES = ("top_k", "min_p", "repetition_penalty", "logit_bias", "chat_template_kwargs")
SCHEMA = "response_format"
FIXED = (SCHEMA, "model", "messages", "prompt", "stream", "structured_outputs")

HOLDS = {
    "max_tokens": "a server's own bound may cut answers off",
    "logit_bias": "tokens that decode to nothing could be drawn",
}
"""Fields that what is guaranteed rests on."""

OURS = {
    "temperature": "write sampling = { temperature = ... }",
    "top_p": "write sampling = { top_p = ... }",
    "top_k": "write sampling = { top_k = ... }",
    "seed": "leave it out: the seed of a request follows from its trial",
    "n": "leave it out: write repeats = ... in the experiment",
    "best_of": "leave it out: of several answers the likeliest is no sample",
}
"""Sampling, by the names that an experiment or a profile has for it."""

WRITTEN_HERE = {
    "model": "write served_as = ...",
    "messages": "the experiment writes them",
    "prompt": "the experiment writes it",
    "response_format": 'write response_format = "json_schema", "plain_schema" or "json_object"',
    "structured_outputs": "the constraint follows from the output fields",
    "logit_bias": "it bans the tokens that decode to nothing",
    "stream": "an answer is read whole",
    "max_completion_tokens": 'write rename = { max_tokens = "max_completion_tokens" }',
    "max_new_tokens": 'write rename = { max_tokens = "max_new_tokens" }',
    "max_output_tokens": 'write rename = { max_tokens = "max_output_tokens" }',
}
"""Fields of a request that follow from something else."""

KEYS = re.compile(
    r"(api|access|auth|secret|hf)_?(key|token)|authorization|password|.*headers", re.I
)

PLAIN = (
    *("type", "properties", "required", "additionalProperties", "items"),
    *("enum", "anyOf", "$ref", "$defs", "description"),
)
"""Keywords of a JSON schema that providers take who refuse others."""


def agree_fields(model: Model, where: str) -> None:
    """StudyError for request fields of a profile that are not its to set, omit or rename."""
    served = model.engine == "server"
    for name, value in model.engine_args.items():
        place = f"{where}.engine_args.{name}"
        if name in OURS:
            right = OURS[name].replace("...", _toml(value))
            raise StudyError(place, "is not what an answer is sampled by", right)
        if served and name in WRITTEN_HERE:
            raise StudyError(place, "is written for every request", WRITTEN_HERE[name])
        if KEYS.fullmatch(name):
            raise StudyError(
                place,
                "may hold a key, and every run would keep it",
                "name its environment variable with api_key_env",
            )
    for key in ("omit", "rename") if served else ():
        for name in getattr(model, key):
            _agree_on(model, name, f"{where}.{key}", key == "omit")
    if model.response_format != "json_schema" and not model.validated:
        raise StudyError(
            f"{where}.response_format",
            'is for answers that are only validated: guarantee = "validated"',
        )
    taken = [*model.rename.values()]
    for name in taken:
        if name in {*ALL_TAKE, *VLLM_TAKES, *FIXED, *model.engine_args} or taken.count(name) > 1:
            raise StudyError(f"{where}.rename", f'"{name}" is a field already')


def _agree_on(model: Model, name: str, place: str, omitted: bool) -> None:
    known = (*ALL_TAKE, SCHEMA) if model.validated else (*ALL_TAKE, *VLLM_TAKES)
    if name not in known:
        raise unknown(place, "field of a request", name, "it has", known)
    if omitted and name in HOLDS and not model.validated:
        raise StudyError(
            place, f'"{name}" cannot be left out where answers are guaranteed: {HOLDS[name]}'
        )


def unsent(model: Model) -> frozenset[str]:
    """The sampling settings that no request to a profile's server carries."""
    if model.engine != "server":
        return frozenset()
    return frozenset(model.omit) | (frozenset(("top_k",)) if model.validated else frozenset())


def request_body(
    model: Model, served: str, call: Call, prompt: dict[str, Any], silent: list[int]
) -> dict[str, Any]:
    """The fields of a request.

    served: the model's name at its server. prompt: the field that carries it. silent: the tokens
    that are never to be drawn under a constraint.
    """
    body: dict[str, Any] = {
        "model": served,
        "temperature": call.temperature,
        "top_p": call.top_p,
        "max_tokens": call.max_tokens + model.hidden_tokens,
        "seed": call.seed,
    } | prompt
    if model.validated:
        # Only what the published interface has: providers refuse a field they do not know.
        if call.constrained:
            body[SCHEMA] = _response_format(model.response_format, call.schema)
    else:
        # A server fills what is left out from the model's own generation_config.
        body |= {"top_k": call.top_k, "min_p": 0.0, "repetition_penalty": 1.0}
        if "messages" in prompt and model.chat_template_args:
            body["chat_template_kwargs"] = model.chat_template_args
        if call.regex is not None:
            body["structured_outputs"] = {"regex": call.regex}
            if silent:
                body["logit_bias"] = {str(one): -100.0 for one in silent}
    kept = {key: value for key, value in body.items() if key not in model.omit}
    return {model.rename.get(key, key): value for key, value in kept.items()} | model.engine_args


def _response_format(form: str, schema: dict[str, Any]) -> dict[str, Any]:
    if form == "json_object":
        return {"type": "json_object"}
    held = plain_schema(schema) if form == "plain_schema" else schema
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": held},
    }


def plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that holds whatever the given one does, in the keywords that all providers take.

    Bounds are left out, tuples become lists of any of their items, objects stay closed.
    """
    found = dict(schema)
    if "const" in found:
        found["enum"] = [found["const"]]
    if "oneOf" in found:
        found["anyOf"] = found["oneOf"]
    if len(found.get("allOf", ())) == 1:
        found |= found["allOf"][0]
    if "prefixItems" in found:
        kinds: list[Any] = []
        kinds += [one for one in found["prefixItems"] if one not in kinds]
        found["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    found = {key: value for key, value in found.items() if key in PLAIN}
    for key in ("properties", "$defs"):
        if key in found:
            found[key] = {name: plain_schema(one) for name, one in found[key].items()}
    if isinstance(found.get("items"), dict):
        found["items"] = plain_schema(found["items"])
    if "anyOf" in found:
        found["anyOf"] = [plain_schema(one) for one in found["anyOf"]]
    if found.get("type") == "object" and "properties" in found:
        found |= {"additionalProperties": False, "required": [*found["properties"]]}
    return found


def line_to_write(model: Model, words: str) -> str:
    """What of a profile mends a request that was refused in these words; nothing if unknown."""
    sent = [
        name
        for name in (*ALL_TAKE, *(() if model.validated else VLLM_TAKES))
        if name not in (*model.omit, *model.rename)
    ]
    named = [name for name in sent if re.search(rf"\b{name}\b", words)]
    for other in ("max_completion_tokens", "max_output_tokens", "max_new_tokens"):
        if "max_tokens" in sent and other in words:
            return f'rename = {{ max_tokens = "{other}" }}'
    if "temperature" in named and "top_p" in named:
        return 'omit = ["top_p"]'
    if "temperature" in named and "default" in words:
        return 'sampling = { temperature = 1 }, or omit = ["temperature"]'
    if model.validated and SCHEMA not in model.omit and re.search("schema|response_format", words):
        # One that refuses a keyword says which, one that refuses schemas speaks of the format.
        keyword = re.search(r"[Ii]nvalid schema|[Ss]chema .*(support|permit|allow)", words)
        if model.response_format == "json_schema" and keyword:
            return 'response_format = "plain_schema"'
        if model.response_format != "json_object":
            return 'response_format = "json_object"'
        return 'omit = ["response_format"]'
    return f'omit = ["{named[0]}"]' if named else ""


def _toml(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else "..."
