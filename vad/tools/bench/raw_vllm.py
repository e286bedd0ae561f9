"""Raw: vLLM's own `LLM.chat` on the same messages, seeds and constraints, in one batch."""

from dataclasses import fields
from typing import Any

from ...design.trials import Plan
from ...engines.vllm import VllmEngine
from ...engines.vllm_args import arguments, set_environment
from .workload import AnswerAll, BenchAnswers, every_call


async def prepare(plan: Plan, engine: VllmEngine) -> AnswerAll:
    """An LLM with the arguments that a run's engine would have."""
    set_environment(engine.folder)
    from vllm import LLM, SamplingParams
    from vllm.engine.arg_utils import EngineArgs
    from vllm.sampling_params import StructuredOutputsParams

    given = vars(arguments(engine.model, engine.folder, engine.backend))
    llm = LLM(**{one.name: given[one.name] for one in fields(EngineArgs)})
    calls = await every_call(plan)
    messages: list[Any] = [call.messages for call in calls]
    banned = dict.fromkeys(engine.tokens.silent, -100.0) or None
    sampling = [
        SamplingParams(
            temperature=call.temperature,
            top_p=call.top_p,
            top_k=call.top_k,
            seed=call.seed,
            max_tokens=call.max_tokens,
            structured_outputs=StructuredOutputsParams(regex=call.regex),
            logit_bias=banned,
        )
        for call in calls
    ]

    async def answer() -> BenchAnswers:
        llm.reset_prefix_cache()
        found = [one.outputs[0] for one in llm.chat(messages, sampling, use_tqdm=False)]
        return BenchAnswers(
            len(found),
            sum(one.finish_reason != "stop" for one in found),
            sum(len(one.token_ids) for one in found),
        )

    return answer
