"""Served models: what an address says of the model that it serves, as far as it tells.

Lists come whole, bare, half-filled or not at all; where the profile names the model (`served_as`),
none is needed.
"""

import math
from http import HTTPStatus
from typing import Any

from ..errors import EngineGone, StudyError
from ..study.models import Model
from .replies import parse_content, words_of

SHOWN = 8


def told_of(model: Model, url: str, status: int, content: Any) -> dict[str, str]:
    """Name, weights and context of the model at an address; content: of its list.

    Raises EngineGone for a key that is refused and for an address without a list where the profile
    names no model, StudyError for a name that a whole list does not have.
    """
    if status == HTTPStatus.UNAUTHORIZED:
        raise EngineGone(f"{url}: {status} {words_of(content)}")
    cards = _cards(content) if status == HTTPStatus.OK else {}
    name = model.served_as
    if not cards:
        if name:
            return {"model": name}
        said = "" if status == HTTPStatus.OK else f" ({status} {words_of(content)})"
        raise EngineGone(
            f"{url}/models lists no models{said}: no OpenAI-compatible server, or one without a "
            f'list; name its model in [{model.name}]: served_as = "..."'
        )
    if not name and len(cards) == 1:
        name = next(iter(cards))
    # Google's own list writes models/NAME for what is asked for as NAME.
    card = cards.get(name, cards.get(f"models/{name}"))
    if card is None:
        if name and isinstance(content, dict) and content.get("has_more"):
            return {"model": name}
        more = f", ... ({len(cards)})" if len(cards) > SHOWN else ""
        raise StudyError(
            f"experiments/models.toml: {model.name}.served_as",
            f'is "{name}", and {url} serves {", ".join(sorted(cards)[:SHOWN])}{more}',
            "name one of these",
        )
    told = {"model": name}
    if isinstance(card.get("root"), str) and card["root"]:
        told["root"] = card["root"]
    length = _length(card.get("max_model_len"))
    if length:
        told["max_model_len"] = str(length)
    if "vllm" in str(card.get("owned_by")):
        told["owned_by"] = "vllm"
    return told


def version_in(raw: bytes) -> str:
    """The version that a vLLM server names; nothing where the reply is something else."""
    content = parse_content(raw)
    found = content.get("version") if isinstance(content, dict) else None
    return found if isinstance(found, str) else ""


def _cards(content: Any) -> dict[str, dict[str, Any]]:
    """The models of a list by their ids; entries that name none are passed over."""
    if isinstance(content, dict):
        lists = (content.get("data"), content.get("models"))
        content = next((one for one in lists if isinstance(one, list)), [])
    entries = content if isinstance(content, list) else []
    cards = [one if isinstance(one, dict) else {"id": one} for one in entries]
    ids = [one.get("id") or one.get("name") for one in cards]
    return {one: card for one, card in zip(ids, cards, strict=True) if isinstance(one, str) and one}


def _length(given: Any) -> int:
    """A context in tokens; 0 where none is told."""
    try:
        found = float(given)
    except (TypeError, ValueError):
        return 0
    return int(found) if math.isfinite(found) and found > 0 else 0
