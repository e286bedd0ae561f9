"""The parse certificate: what is proved of every trial before the first one is asked.

1 finite    every output field's language is finite, its longest text known
2 budget    max_tokens covers that text in bytes, plus the end of sequence
3 context   prompt and budget together fit max_model_len, for every trial
4 settings  nothing that was seen to break answers is set
5 canary    (at run time) the engine returns a text that no model would write

Loads a tokenizer where one is at hand, and no weights.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from ...constraints.adapter import AdapterSettings, call_language
from ...constraints.thinking import with_thought
from ...design.trials import Conversation, Plan
from ...engines.capabilities import capabilities
from ...engines.prefix_cache import block_size
from ...engines.tokenizer import Tokenizer, local_tokenizer
from ...errors import StudyError
from ...study.models import VALIDATED
from ..prefix_order import in_prefix_order
from .dry_run import dry_run
from .prompt_lengths import PromptLengths, shared


@dataclass
class Certificate:
    """What was proved for one model, with the figures it rests on.

    prompt_tokens are an upper bound, computed_tokens those of them that remain where prompts share
    what they begin with.

    Where answers are "validated, not guaranteed", a provider holds them to a JSON schema in its own
    way: each is checked by the strict reader, the invalid ones are kept and counted.
    """

    model: str
    calls: int = 0
    guarantee: str = "by construction"
    finite: bool = True
    longest_answer: int = 0
    max_tokens: int = 0
    tokenizer: bool = False
    silent_tokens: int = 0
    longest_prompt: int = 0
    prompt_tokens: int = 0
    computed_tokens: int = 0
    max_model_len: int = 0
    context: bool = False
    settings: bool = True
    canary: bool | None = None
    outcome: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        return asdict(self)


def certify(plan: Plan, name: str, fetch: bool = False) -> Certificate:
    """Prove points 1 to 4 for one model of a plan; `fetch` its tokenizer from a hub if need be.

    Raises StudyError for a prompt that does not fit the model's context, naming the trial.
    """
    model = plan.experiment.models[name]
    found = Certificate(name, max_model_len=model.max_model_len)
    # Conversations of one key are held once, whichever condition asks.
    once = {one.trials[0].key: one for one in plan.conversations if _model(plan, one) == name}
    mine = list(once.values())
    if model.validated:
        found.guarantee = VALIDATED
    kinds: dict[tuple[int, AdapterSettings], list[Conversation]] = {}
    for one in mine:
        kinds.setdefault(_kind(one), []).append(one)
    samples = {kind: _fullest(alike) for kind, alike in kinds.items()}
    for sample in samples.values():
        if model.validated and sample.adapter.written == "chat":
            raise StudyError(
                f"{plan.experiment.place}: adapter",
                f'is "chat", and the provider of {name} holds answers to JSON alone',
                'take "plain" or "json" with it',
            )
        for signature in sample.part.signatures:
            allowed = with_thought(call_language(signature, sample.adapter.written), model.thinking)  # type: ignore[arg-type]
            found.longest_answer = max(found.longest_answer, len(allowed.longest.encode()))
            found.max_tokens = max(found.max_tokens, allowed.max_tokens)
    if not capabilities(model).has_weights:
        steps = {key: len(dry_run(sample, model)) for key, sample in samples.items()}
        found.calls = sum(steps[_kind(one)] for one in mine)
        return found
    tokens = local_tokenizer(model, plan.experiment.study, fetch)
    if isinstance(tokens, Tokenizer):
        found.tokenizer, found.silent_tokens = True, len(tokens.silent)
    lengths = {key: PromptLengths(tokens, sample, model) for key, sample in samples.items()}
    block = block_size(model)
    last: dict[int, list[tuple[str, int]]] = {}
    for one in (group[0] for group in in_prefix_order([[one] for one in mine])):
        kind = lengths[_kind(one)]
        every = zip(kind.prompts(one), kind.openings(one), strict=True)
        for number, ((prompt, budget), opening) in enumerate(every):
            found.calls += 1
            found.prompt_tokens += prompt
            known = shared(last.get(number, []), opening) // block * block
            found.computed_tokens += prompt - min(known, (prompt - 1) // block * block)
            last[number] = opening
            found.longest_prompt = max(found.longest_prompt, prompt)
            if found.tokenizer and prompt + budget > model.max_model_len:
                raise StudyError(
                    f"experiments/models.toml: {name}.max_model_len",
                    f"{one.trials[0].scenario.id} takes up to {prompt} tokens and its answer "
                    f"{budget}: more than the context of {model.max_model_len}",
                    f"set max_model_len = {prompt + budget} or more, or shorten the prompt",
                )
    found.context = found.tokenizer
    return found


def _kind(conversation: Conversation) -> tuple[int, AdapterSettings]:
    """Conversations of a kind make the same calls, about other things."""
    return id(conversation.part), conversation.adapter


def _fullest(alike: list[Conversation]) -> Conversation:
    return max(alike, key=lambda one: sum(bool(text) for text in one.inputs.values()))


def _model(plan: Plan, conversation: Conversation) -> str:
    return plan.condition(conversation.trials[0]).settings.model
