"""The transformers engine: PyTorch anywhere, held to the constraint by Outlines' logits processor.

Calls that wait together are answered as one batch. Each row draws its own noise from its own seed
(Gumbel-max: the most likely token after adding Gumbel noise is an exact sample), so an answer does
not depend on which batch it fell into, up to the arithmetic of padding.
"""

import asyncio
import importlib.metadata
from typing import Any

from ..errors import EngineFailure, EngineGone, StudyError
from ..study.loader import Study
from ..study.models import Model
from .base import Call, EngineInfo, Reply
from .context import require_room_for
from .tokenizer import Tokenizer

BACKEND_NAMES = {
    "auto": "outlines_core",
    "outlines": "outlines_core",
    "xgrammar": "xgrammar",
    "guidance": "llguidance",
}


class TransformersEngine:
    """One model in this process; a worker task answers what has gathered in the queue."""

    def __init__(self, model: Model, study: Study, backend: str) -> None:
        if model.lora:
            raise StudyError(
                f"experiments/models.toml: {model.name}.lora", "is for the engine vllm only"
            )
        self.model = model
        self.backend = BACKEND_NAMES[backend]
        self.tokens = Tokenizer(model, study, fetch=True)
        self.source = self.tokens.source
        self._queue: asyncio.Queue[tuple[Call, asyncio.Future[Reply]]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._model: Any = None
        self._steered: Any = None
        self._processors: dict[str, Any] = {}

    async def start(self) -> None:
        """Load the weights; EngineGone with the reason if that fails."""
        import outlines
        import torch
        from transformers import AutoModelForCausalLM

        device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cpu" and torch.backends.mps.is_available():
            device = "mps"
        arguments: dict[str, Any] = {"revision": self.model.revision or None, "dtype": "auto"}
        if device == "cpu":
            arguments["dtype"] = torch.float32
        try:
            loaded = AutoModelForCausalLM.from_pretrained(
                self.source, **(arguments | self.model.engine_args)
            )
        except Exception as error:
            raise EngineGone(f"{self.model.name} could not be loaded: {error}") from error
        self._model = loaded.to(device).eval()
        self.tokens.tokenizer = self.tokens.load_transformers()
        self.tokens.tokenizer.padding_side = "left"
        if self.tokens.tokenizer.pad_token_id is None:
            self.tokens.tokenizer.pad_token = self.tokens.tokenizer.eos_token
        self._steered = outlines.from_transformers(self._model, self.tokens.tokenizer)
        self._worker = asyncio.create_task(self._serve())

    async def answer(self, call: Call) -> Reply:
        """Queue one call and wait for its row of a batch; probabilities need no queue."""
        require_room_for(call, self.tokens, self.model.max_model_len)
        if call.continuations:
            return await asyncio.to_thread(self._probabilities, call)
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        await self._queue.put((call, waiting))
        return await waiting

    async def close(self) -> None:
        """Stop the worker and let the weights go."""
        if self._worker:
            self._worker.cancel()
        self._model = self._steered = None

    def about(self) -> EngineInfo:
        """The versions that decide answers."""
        names = ("transformers", "torch", "outlines", "outlines_core")
        return EngineInfo(
            "transformers",
            {name: importlib.metadata.version(name) for name in names},
            {"backend": self.backend, "device": str(getattr(self._model, "device", ""))},
        )

    async def _serve(self) -> None:
        held: list[tuple[Call, asyncio.Future[Reply]]] = []
        while True:
            if not held:
                held.append(await self._queue.get())
            await asyncio.sleep(0)
            while not self._queue.empty():
                held.append(self._queue.get_nowait())
            first = held[0][0]
            alike = [one for one in held if _kind(one[0]) == _kind(first)]
            batch = alike[: self.model.concurrency]
            held = [one for one in held if one not in batch]
            try:
                replies = await asyncio.to_thread(self._generate, [call for call, _ in batch])
            except Exception as error:
                for _, waiting in batch:
                    if not waiting.done():
                        waiting.set_exception(EngineFailure(f"{type(error).__name__}: {error}"))
                continue
            for (_, waiting), reply in zip(batch, replies, strict=True):
                if not waiting.done():
                    waiting.set_result(reply)

    def _generate(self, calls: list[Call]) -> list[Reply]:
        import torch
        from transformers import LogitsProcessorList

        prompts = [self.tokens.prompt(call.messages) for call in calls]
        encoded = self.tokens.tokenizer(
            prompts,
            add_special_tokens=False,
            padding=True,
            return_tensors="pt",
            return_token_type_ids=False,
        ).to(self._model.device)
        size = encoded["input_ids"].shape[1]
        lengths = encoded["attention_mask"].sum(dim=1).tolist()
        first = calls[0]
        with torch.no_grad():
            made = self._model.generate(
                **encoded,
                max_new_tokens=first.max_tokens,
                do_sample=False,
                logits_processor=LogitsProcessorList(self._steps(calls)),
                pad_token_id=self.tokens.tokenizer.pad_token_id,
            )[:, size:]
        return [
            self._reply(row, length) for row, length in zip(made.tolist(), lengths, strict=True)
        ]

    def _probabilities(self, call: Call) -> Reply:
        import torch

        ids = self.tokens.ids(self.tokens.prompt(call.messages) + call.prefix)
        with torch.no_grad():
            logits = self._model(torch.tensor([ids], device=self._model.device)).logits[0, -1]
        chances = torch.softmax(logits.float(), dim=-1)
        weights = tuple(
            float(chances[self.tokens.beginning(text)].sum()) for text in call.continuations
        )
        return Reply(
            "", "probabilities", prompt_tokens=len(ids), output_tokens=1, probabilities=weights
        )

    def _steps(self, calls: list[Call]) -> list[Any]:
        from outlines.backends import get_regex_logits_processor

        first = calls[0]
        steps: list[Any] = []
        if first.regex is not None:
            if first.regex not in self._processors:
                self._processors[first.regex] = get_regex_logits_processor(
                    self.backend, self._steered, first.regex
                )
            self._processors[first.regex].reset()
            steps = [_Banned(self.tokens.silent), self._processors[first.regex]]
        return [*steps, *_sampling_steps(calls)]

    def _reply(self, row: list[int], prompt: int) -> Reply:
        ends = self._model.generation_config.eos_token_id or self.tokens.tokenizer.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        at = next((place for place, token in enumerate(row) if token in ends), None)
        text = self.tokens.tokenizer.decode(row[:at], skip_special_tokens=True)
        finish = "length" if at is None else "stop"
        return Reply(
            text, finish, prompt_tokens=prompt, output_tokens=len(row[:at]) + (at is not None)
        )


class _Banned:
    """Tokens that decode to nothing, never drawn."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = ids

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        scores[:, self.ids] = float("-inf")
        return scores


class _Noise:
    """Gumbel noise from each row's own seed; temperature 0 draws none."""

    def __init__(self, seeds: list[int]) -> None:
        import torch

        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        noise = torch.stack([torch.rand(scores.shape[1], generator=g) for g in self.generators])
        gumbel = -torch.log(-torch.log(noise.clamp(1e-20, 1 - 1e-7)))
        return scores + gumbel.to(scores.device, scores.dtype)


def _sampling_steps(calls: list[Call]) -> list[Any]:
    from transformers.generation.logits_process import (
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    first = calls[0]
    if first.temperature == 0:
        return []
    steps: list[Any] = [TemperatureLogitsWarper(float(first.temperature))]
    if first.top_k:
        steps.append(TopKLogitsWarper(first.top_k))
    if first.top_p < 1:
        steps.append(TopPLogitsWarper(first.top_p))
    return [*steps, _Noise([call.seed for call in calls])]


def _kind(call: Call) -> tuple[Any, ...]:
    return call.regex, call.max_tokens, call.temperature, call.top_p, call.top_k
