"""Program check: what is proved of any DSPy program before it is asked, without an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dspy

from ...constraints.adapter import AdapterSettings
from ...constraints.bounds import with_own_bounds
from ...constraints.language import AdapterName, language
from ...constraints.thinking import with_thought
from ...design.programs import Part
from ...design.trials import Conversation
from ...engines.tokenizer import Tokenizer, local_tokenizer
from ...errors import StudyError
from ...study.models import Model
from ..library import EngineLM
from .dry_run import DryRuns, every_path


@dataclass(frozen=True)
class ProgramCheck:
    """What was proved of a program: every output is finite, and the budget covers its longest.

    longest_answer in bytes; the rest in tokens. calls and paths: of the sample's dry runs. prompt:
    the longest of theirs; None without a sample or a tokenizer, where prompt and budget are checked
    at each call.
    """

    model: str
    longest_answer: int
    max_tokens: int
    max_model_len: int
    calls: int | None = None
    paths: int | None = None
    prompt: int | None = None

    def __str__(self) -> str:
        context = f"of {self.max_model_len} tokens, checked at each call"
        if self.prompt is not None:
            context = (
                f"yes, {self.prompt} tokens and the answer at most, of {self.max_model_len}; "
                f"{self.calls} calls at most on {self.paths} paths"
            )
        return (
            f"finite   yes, longest answer {self.longest_answer} bytes\n"
            f"budget   yes, max_tokens {self.max_tokens}\n"
            f"context  {context}\n"
            f"canary   yes, {self.model} is held to its constraint"
        )


def check(
    program: dspy.Module,
    lm: EngineLM,
    sample: Mapping[str, Any] | None = None,
    adapter: AdapterName = "plain",
) -> ProgramCheck:
    """Prove that every answer of a program can be read: finite, within budget, within context.

    sample: one row of inputs, the longest there is, for the dry runs. Raises StudyError with the
    line to write for an output without end and for a prompt that leaves its answer no room,
    ProgramFault for a program that breaks on its dry runs. The canary sang when the engine started.
    """
    module, model = with_own_bounds(program), lm.profile
    longest = budget = 0
    for name, predictor in module.named_predictors():
        try:
            own = with_thought(language(predictor.signature, adapter), model.thinking)
        except StudyError as error:
            raise StudyError(f"{name}: {error.where}", *error.lines) from None
        longest = max(longest, len(own.longest.encode()))
        budget = max(budget, own.max_tokens)
    if sample is None:
        return ProgramCheck(model.name, longest, budget, model.max_model_len)
    part = Part(module, (), tuple(sample), {}, type(program).__name__)
    runs = every_path(Conversation(part, dict(sample), (), AdapterSettings(adapter)), model)
    return ProgramCheck(
        model.name,
        longest,
        budget,
        model.max_model_len,
        max(len(path.calls) for path in runs.paths),
        len(runs.paths),
        _longest_prompt(runs, model, lm),
    )


def _longest_prompt(runs: DryRuns, model: Model, lm: EngineLM) -> int | None:
    """In tokens; None where the tokenizer is not here. StudyError where it leaves no room."""
    tokens = local_tokenizer(model, lm.home, fetch=False)
    if not isinstance(tokens, Tokenizer):
        return None
    made = [one.call for path in runs.paths for one in path.calls]
    sizes = [(tokens.count(tokens.prompt(call.messages)), call.max_tokens) for call in made]
    need = max(prompt + own for prompt, own in sizes)
    if need > model.max_model_len:
        raise StudyError(
            f"{model.name}: max_model_len",
            f"prompt and longest answer take up to {need} tokens, more than {model.max_model_len}",
            f"write: vad.engine(..., max_model_len={need}), or shorten the prompt",
        )
    return max(prompt for prompt, _ in sizes)
