"""The server engine: any OpenAI-compatible server, one or several of the same model.

A vLLM server is held to the same expression as vLLM itself (`structured_outputs.regex`); a provider
that takes JSON schemas alone is asked for one, and its answers are validated, not guaranteed. What
the profile's `engine_args` hold goes into every request. The key comes from the environment, and
nothing that a server says is kept with the key in it.
"""

import asyncio
import os
import random
from http import HTTPStatus
from typing import Any

import httpx

from ..errors import EngineFailure, EngineGone, StudyError
from ..study.loader import Study
from ..study.models import Model
from .base import Call, EngineInfo, Reply
from .context import require_room_for
from .tokenizer import Tokenizer, local_tokenizer, without_system

SERVER_ATTEMPTS = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds before a request is sent again: up to the first, doubled each time, never beyond the
other. With jitter, so that a server that comes back is not met by all at once."""

RESTS = 15.0
"""Seconds that an address which does not answer is left alone, while another does."""

REFUSES_ALL = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
REFUSES_THIS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)

FINISH_REASONS = {"stop": "stop", "length": "length", "content_filter": "refused"}
"""Finish reasons of an answer; after any other ("abort", "error") there is none."""


class ServerEngine:
    """One model behind one or several addresses, asked in turn."""

    def __init__(self, model: Model, study: Study) -> None:
        self.model = model
        self.place = f"experiments/models.toml: {model.name}"
        self.tokens = local_tokenizer(model, study, fetch=False)
        # The server's own template has no room for a prefix or for a template of the profile's.
        self.writes_prompt = bool(model.answer_prefix or model.chat_template)
        if self.writes_prompt and not isinstance(self.tokens, Tokenizer):
            raise StudyError(
                f"{self.place}.weights",
                "answer_prefix and chat_template need the tokenizer here; none was found in "
                f'"{model.weights}"',
                "name a folder that holds it",
            )
        self.silent = self.tokens.silent if isinstance(self.tokens, Tokenizer) else []
        self._key = os.environ.get(model.api_key_env, "")
        if model.api_key_env and not self._key:
            raise StudyError(
                f"{self.place}.api_key_env",
                f"the environment has no {model.api_key_env}",
                f"set it before the run: export {model.api_key_env}=...",
            )
        self._client: httpx.AsyncClient
        self._served: dict[str, str] = {}
        self._resting = dict.fromkeys(model.base_urls, 0.0)
        self._answered = 0

    async def start(self) -> None:
        """Ask every address what it serves; EngineGone if none answers or they disagree."""
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx.Timeout(self.model.timeout, connect=10),
            limits=httpx.Limits(max_connections=None),
        )
        told: dict[str, dict[str, str]] = {}
        silent: list[str] = []
        for url in self.model.base_urls:
            try:
                told[url] = await self._ask_what(url)
            except httpx.TransportError as error:
                silent.append(f"{url}: {_reason(error)}")
                self._rest(url)
        if not told:
            raise EngineGone("no server answers\n  " + "\n  ".join(silent))
        first, *others = told.items()
        for url, what in others:
            if what != first[1]:
                raise EngineGone(
                    f"{self.model.name} would be asked of different models:\n"
                    f"  {first[0]} serves {first[1]}\n  {url} serves {what}"
                )
        self._served = first[1]
        length = self._served.get("max_model_len")
        if length and int(length) < self.model.max_model_len:
            raise StudyError(
                f"{self.place}.max_model_len",
                f"is {self.model.max_model_len}, and {first[0]} serves {length}",
                f"set max_model_len = {length}, or start the server with more",
            )

    async def answer(self, call: Call) -> Reply:
        """One answer, asked again where the server is busy, slow or away.

        Raises EngineFailure if none came, EngineGone if since it first failed none came for anyone.
        """
        if isinstance(self.tokens, Tokenizer):
            require_room_for(call, self.tokens, self.model.max_model_len)
        before = 0
        said = ""
        away = False
        pause = 0.0
        for attempt in range(SERVER_ATTEMPTS):
            await asyncio.sleep(pause)
            url = self._address()
            pause = random.uniform(0.5, 1) * min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
            try:
                response = await self._client.post(url + self._path, json=self._body(call))
            except httpx.TransportError as error:
                said, away = f"{url}: {_reason(error)}", True
                self._rest(url)
            else:
                if response.status_code == HTTPStatus.OK:
                    self._answered += 1
                    return self._reply(response)
                said = f"{url}: {self._complaint(response)}"
                if response.status_code in REFUSES_ALL:
                    raise EngineGone(said)
                if response.status_code in REFUSES_THIS:
                    raise EngineFailure(said)
                away = response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR
                pause = max(pause, _asked_to_wait(response))
            if attempt == 0:
                before = self._answered
        if away and self._answered == before:
            raise EngineGone(f"the server of {self.model.name} no longer answers\n  {said}")
        raise EngineFailure(said)

    async def close(self) -> None:
        """Close the connections; the server is not ours to end."""
        if hasattr(self, "_client"):
            await self._client.aclose()

    def about(self) -> EngineInfo:
        """What the server says it serves, and its own version where it tells."""
        notes = {key: value for key, value in self._served.items() if key != "vllm"}
        versions = {"vllm": self._served["vllm"]} if "vllm" in self._served else {}
        return EngineInfo("server", versions, notes | {"guarantee": self.model.guarantee})

    @property
    def _path(self) -> str:
        return "/completions" if self.writes_prompt else "/chat/completions"

    async def _ask_what(self, url: str) -> dict[str, str]:
        """Name, weights and context of the model at an address, as far as it tells."""
        response = await self._client.get(url + "/models")
        if response.status_code != HTTPStatus.OK:
            raise EngineGone(f"{url}: {self._complaint(response)}")
        try:
            cards = {str(card["id"]): card for card in response.json()["data"]}
        except (ValueError, LookupError, TypeError):
            raise EngineGone(f"{url}/models lists no models: no OpenAI-compatible server") from None
        name = self.model.served_as or (next(iter(cards)) if len(cards) == 1 else "")
        # Google's own list writes models/NAME for what is asked for as NAME.
        card = cards.get(name) or cards.get(f"models/{name}")
        if card is None:
            raise StudyError(
                f"{self.place}.served_as",
                f'is "{name}", and {url} serves {", ".join(sorted(cards)[:8])}',
                "name one of these",
            )
        told = {"model": name}
        told |= {key: str(card[key]) for key in ("root", "max_model_len") if card.get(key)}
        version = await self._client.get(url.removesuffix("/v1") + "/version")
        if version.status_code == HTTPStatus.OK and "vllm" in card.get("owned_by", ""):
            told["vllm"] = str(version.json()["version"])
        return told

    def _body(self, call: Call) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._served["model"],
            "temperature": call.temperature,
            "top_p": call.top_p,
            "max_tokens": call.max_tokens + self.model.hidden_tokens,
            "seed": call.seed,
        }
        messages = call.messages if self.model.system_role else without_system(call.messages)
        if self.writes_prompt:
            assert isinstance(self.tokens, Tokenizer)
            body["prompt"] = self.tokens.ids(self.tokens.prompt(call.messages))
        else:
            body["messages"] = messages
        if self.model.validated:
            # Only what the published interface has: providers refuse a field they do not know.
            held = {"name": "answer", "strict": True, "schema": call.schema}
            if call.constrained:
                body["response_format"] = {"type": "json_schema", "json_schema": held}
            return body | self.model.engine_args
        # A server fills what is left out from the model's own generation_config.
        body |= {"top_k": call.top_k, "min_p": 0.0, "repetition_penalty": 1.0}
        if not self.writes_prompt and self.model.chat_template_args:
            body["chat_template_kwargs"] = self.model.chat_template_args
        if call.regex is not None:
            body["structured_outputs"] = {"regex": call.regex}
            if self.silent:
                body["logit_bias"] = {str(one): -100.0 for one in self.silent}
        return body | self.model.engine_args

    def _reply(self, response: httpx.Response) -> Reply:
        try:
            content = response.json()
            choice = content["choices"][0]
            text = choice["text"] if "text" in choice else choice["message"]["content"] or ""
            end = choice["finish_reason"]
            usage = content.get("usage") or {}
        except (ValueError, LookupError, TypeError) as error:
            raise EngineFailure(f"no answer in the server's reply ({error!r})") from None
        if end not in FINISH_REASONS:
            raise EngineFailure(f'the server ended the answer by "{end}"')
        return Reply(
            text,
            FINISH_REASONS[end],
            prompt_tokens=usage.get("prompt_tokens", 0),
            cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
            output_tokens=usage.get("completion_tokens", 0),
        )

    def _address(self) -> str:
        """The next address in turn; one at rest only when all are."""
        now = asyncio.get_running_loop().time()
        awake = [url for url, until in self._resting.items() if until <= now]
        url = awake[0] if awake else min(self._resting, key=lambda one: self._resting[one])
        self._resting[url] = self._resting.pop(url)
        return url

    def _rest(self, url: str) -> None:
        self._resting[url] = asyncio.get_running_loop().time() + RESTS

    def _complaint(self, response: httpx.Response) -> str:
        """Status and the server's own words, without the key, in one line."""
        try:
            content = response.json()
            error = content.get("error", content)
            words = str(error.get("message", error))
        except (ValueError, AttributeError):
            words = response.text
        if self._key:
            words = words.replace(self._key, "***")
        return f"{response.status_code} {' '.join(words.split())[:200]}"


def _asked_to_wait(response: httpx.Response) -> float:
    """Seconds of a Retry-After header, at most the longest wait; 0 where there is none."""
    given = response.headers.get("retry-after", "")
    return min(LONGEST_WAIT, float(given)) if given.isdigit() else 0.0


def _reason(error: httpx.TransportError) -> str:
    return f"{type(error).__name__} {error}".strip()
