"""The server engine: any OpenAI-compatible server, one or several of the same model.

A vLLM server is held to the same expression as vLLM itself (`structured_outputs.regex`); a provider
that takes JSON schemas alone is asked for one, and its answers are validated, not guaranteed. The
key comes from the environment, and nothing that a server says is kept with the key in it.
"""

import asyncio
import email.utils
import math
import os
import random
import ssl
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from ..errors import EngineFailure, EngineGone, StudyError
from ..study.loader import Study
from ..study.models import Model
from .base import Call, EngineInfo, Reply, encodable
from .capabilities import writes_prompt
from .context import require_room_for
from .credentials import Credentials
from .proxies import Proxy, proxy_for
from .replies import Complaint, parse_content, read_reply
from .request_fields import line_to_write, request_body
from .served_models import told_of, version_in
from .tokenizer import Tokenizer, local_tokenizer, without_system

SERVER_ATTEMPTS = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds before a request is sent again: up to the first, doubled each time, never beyond the
other. With jitter, so that a server that comes back is not met by all at once."""

RESTS = 15.0
"""Seconds that an address which does not answer is left alone, while another does."""

REFUSES_ALL = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
)
REFUSES_THIS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


class ServerEngine:
    """One model behind one or several addresses, asked in turn."""

    def __init__(self, model: Model, study: Study) -> None:
        self.model = model
        self.place = f"experiments/models.toml: {model.name}"
        self.tokens = local_tokenizer(model, study, fetch=False)
        self.writes_prompt = writes_prompt(model)
        if self.writes_prompt and not isinstance(self.tokens, Tokenizer):
            raise StudyError(
                f"{self.place}.weights",
                "answer_prefix and chat_template need the tokenizer here; none was found in "
                f'"{model.weights}"',
                "name a folder that holds it",
            )
        self.silent = self.tokens.silent if isinstance(self.tokens, Tokenizer) else []
        self.key = Credentials(model.api_key_env, f"{self.place}.api_key_env")
        self.proxies = {url: proxy_for(url) for url in model.base_urls}
        self._client: httpx.AsyncClient
        self._served: dict[str, str] = {}
        self._resting = dict.fromkeys(model.base_urls, 0.0)
        self._answered = 0

    async def start(self) -> None:
        """Ask every address what it serves; EngineGone if none answers or they disagree."""
        self._client = _client(self.model, self.key, self.proxies)
        told: dict[str, dict[str, str]] = {}
        silent: list[str] = []
        for url in self.model.base_urls:
            try:
                told[url] = await self._ask_what(url)
            except httpx.TransportError as error:
                silent.append(self._said(url, _reason(error)))
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
                reply = self._read(response)
            except httpx.RequestError as error:
                said, away = self._said(url, _reason(error)), True
                if isinstance(error, httpx.TransportError):
                    self._rest(url)
            except Complaint as complaint:
                said = self._said(url, str(complaint))
                if complaint.status in REFUSES_ALL or response.is_redirect:
                    raise EngineGone(said) from None
                if complaint.status in REFUSES_THIS:
                    right = line_to_write(self.model, str(complaint))
                    hint = f"; write {right} in [{self.model.name}]" if right else ""
                    raise EngineFailure(said + hint) from None
                away = complaint.status != HTTPStatus.INTERNAL_SERVER_ERROR
                pause = max(pause, _asked_to_wait(response))
            else:
                self._answered += 1
                return reply
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
        """Name, weights, context and version of the model at an address, as far as it tells."""
        try:
            response = await self._client.get(url + "/models")
            status, content = response.status_code, self._content(response)
        except httpx.DecodingError:
            status, content = HTTPStatus.OK, None
        else:
            if response.is_redirect:
                raise EngineGone(self._said(url, _sent_on(response)))
        told = told_of(self.model, url, status, content)
        if told.pop("owned_by", "") == "vllm":
            try:
                version = version_in(
                    (await self._client.get(url.removesuffix("/v1") + "/version")).content
                )
            except httpx.RequestError:
                version = ""
            told |= {"vllm": version} if version else {}
        return told

    def _body(self, call: Call) -> dict[str, Any]:
        prompt: dict[str, Any]
        if self.writes_prompt:
            assert isinstance(self.tokens, Tokenizer)
            prompt = {"prompt": self.tokens.ids(self.tokens.prompt(call.messages))}
        else:
            served = self.model.system_role
            prompt = {"messages": call.messages if served else without_system(call.messages)}
        return request_body(self.model, self._served["model"], call, prompt, self.silent)

    def _content(self, response: httpx.Response) -> Any:
        return self.key.redact_reply(parse_content(response.content))

    def _read(self, response: httpx.Response) -> Reply:
        """The answer in a response; Complaint, or EngineFailure, where there is none."""
        if response.is_redirect:
            raise Complaint(response.status_code, _sent_on(response))
        return read_reply(response.status_code, self._content(response), self.model.validated)

    def _address(self) -> str:
        """The next address in turn; one at rest only when all are."""
        now = asyncio.get_running_loop().time()
        awake = [url for url, until in self._resting.items() if until <= now]
        url = awake[0] if awake else min(self._resting, key=lambda one: self._resting[one])
        self._resting[url] = self._resting.pop(url)
        return url

    def _rest(self, url: str) -> None:
        self._resting[url] = asyncio.get_running_loop().time() + RESTS

    def _said(self, url: str, words: str) -> str:
        """What went wrong at an address and behind which proxy, without the key."""
        proxy = self.proxies[url]
        through = f" through the proxy that {proxy.variable} names" if proxy else ""
        return f"{url}{through}: {self.key.redact(encodable(words))}"


def _client(model: Model, key: Credentials, proxies: dict[str, Proxy | None]) -> httpx.AsyncClient:
    """The connections to all addresses, each behind its proxy."""
    trusted = _trusted()
    limits = httpx.Limits(max_connections=None)
    mounts: dict[str, httpx.AsyncBaseTransport | None] = {
        "{0.scheme}://{0.netloc}".format(urlsplit(url)): httpx.AsyncHTTPTransport(
            verify=trusted, limits=limits, proxy=httpx.Proxy(proxy.url)
        )
        for url, proxy in proxies.items()
        if proxy
    }
    return httpx.AsyncClient(
        headers=key.headers,
        timeout=httpx.Timeout(model.timeout, connect=10),
        limits=limits,
        verify=trusted,
        mounts=mounts,
        trust_env=False,
    )


def _trusted() -> ssl.SSLContext:
    """Which certificates are trusted; StudyError for an environment that names none."""
    try:
        return httpx.create_ssl_context()
    except (OSError, ValueError) as error:
        given = [one for one in ("SSL_CERT_FILE", "SSL_CERT_DIR") if one in os.environ]
        raise StudyError(
            f"the environment's {' and '.join(given) or 'certificates'}",
            f"cannot be read: {getattr(error, 'strerror', None) or error}",
            "name a file of certificates in PEM, or unset it",
        ) from None


def _asked_to_wait(response: httpx.Response) -> float:
    """Seconds of a Retry-After header, given as seconds or as a date, at most the longest wait."""
    given = response.headers.get("retry-after", "")
    try:
        seconds = float(given)
    except ValueError:
        date = email.utils.parsedate_tz(given)
        seconds = email.utils.mktime_tz(date) - time.time() if date else 0.0
    return min(LONGEST_WAIT, max(0.0, seconds)) if math.isfinite(seconds) else 0.0


def _sent_on(response: httpx.Response) -> str:
    return f"sends on to {response.headers.get('location', '?')}; write where it is in base_urls"


def _reason(error: httpx.RequestError) -> str:
    return f"{type(error).__name__} {error}".strip()
