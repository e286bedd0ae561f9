"""Single calls outside an experiment: one signature, many inputs, any engine, constrained."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy

from ...design.programs import Part
from ...design.trials import Conversation
from ...engines.capabilities import capabilities
from ...engines.factory import make_engine
from ...engines.tokenizer import local_tokenizer
from ...errors import StudyError
from ...runs.conversation import hold
from ...runs.guarantee.dry_run import dry_run
from ...runs.session import Session
from ...study.loader import Study
from ...study.models import Model, Sampling, resolve_sampling


@dataclass(frozen=True)
class DraftAnswer:
    """The fields of one call, or why there are none."""

    inputs: dict[str, str]
    fields: dict[str, Any] | None
    problem: str = ""


def ask_each(
    study: Study,
    model: Model,
    signature: type[dspy.Signature],
    asked: list[dict[str, str]],
    seed: int,
    log: Path,
) -> list[DraftAnswer]:
    """Ask a signature once for each of the inputs, constrained; answers in the order asked.

    Raises StudyError if prompt and longest answer do not fit the model's context.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    module = dspy.Predict(signature)
    part = Part(module, (), tuple(signature.input_fields), {}, signature.__name__)
    conversations = [Conversation(part, inputs, ()) for inputs in asked]
    _fits(study, model, max(conversations, key=lambda one: sum(map(len, one.inputs.values()))))
    return asyncio.run(_all(study, model, conversations, seed, log))


def _fits(study: Study, model: Model, longest: Conversation) -> None:
    if not capabilities(model).has_weights:
        return
    call = dry_run(longest, model)[0].call
    tokens = local_tokenizer(model, study, fetch=True)
    need = tokens.count(tokens.prompt(call.messages)) + call.max_tokens
    if need > model.max_model_len:
        raise StudyError(
            f"experiments/models.toml: {model.name}.max_model_len",
            f"prompt and longest answer take {need} tokens, more than {model.max_model_len}",
            f"set max_model_len = {need} or more",
        )


async def _all(
    study: Study, model: Model, conversations: list[Conversation], seed: int, log: Path
) -> list[DraftAnswer]:
    engine = make_engine(model, study, "auto", log)
    sampling = resolve_sampling(Sampling(), model)
    width = asyncio.Semaphore(model.concurrency)

    async def one(number: int, conversation: Conversation) -> DraftAnswer:
        decided = f"{seed} {number} {sorted(conversation.inputs.items())}"
        key = hashlib.sha256(decided.encode()).hexdigest()[:16]
        said: list[str] = []
        async with width:
            held = await hold(
                conversation,
                lambda: Session(engine, key, sampling, True, model, one_call=True),
                lambda attempt, failure: said.append(failure),
            )
        if held is None:
            return DraftAnswer(conversation.inputs, None, said[-1])
        return DraftAnswer(
            conversation.inputs, held.fields, held.problem.kind if held.problem else ""
        )

    try:
        await engine.start()
        return list(await asyncio.gather(*(one(n, each) for n, each in enumerate(conversations))))
    finally:
        await engine.close()
