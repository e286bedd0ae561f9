"""The parse certificate: what is proved of every trial before the first one is asked.

1 finite    every output field's language is finite, its longest text known
2 budget    max_tokens covers that text in bytes, plus the end of sequence
3 context   prompt and budget together fit max_model_len, for every trial; each message stands in
            the prompt whole, where the chat template is known
4 settings  nothing that was seen to break answers is set
5 canary    (at run time) the engine returns a text that no model would write; where the template
            is a server's own, a word planted in the persona's place

Loads a tokenizer where one is at hand, and no weights.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from ...constraints.adapter import AdapterSettings, call_language
from ...constraints.thinking import with_thought
from ...design.trials import Conversation, Plan
from ...engines.capabilities import capabilities, template_is_servers
from ...engines.context import words
from ...engines.prefix_cache import block_size
from ...engines.tokenizer import Tokenizer, local_tokenizer
from ...errors import StudyError
from ...study.models import VALIDATED, Model
from ..prefix_order import in_prefix_order
from .dry_run import DryRuns, every_path
from .prompt_contents import every_content, in_no_prompt, notes_on, require_contents
from .prompt_lengths import PromptLengths, shared


@dataclass
class Certificate:
    """What was proved for one model, with the figures it rests on.

    prompt_tokens are an upper bound, computed_tokens those of them that remain where prompts share
    what they begin with. paths: ways through the programs that dry runs took; unended: those of
    them that were followed no further; untried: choices that the bounds left out. contents: whether
    all that messages say was shown to stand in the prompts; False where the template is a server's
    own. notes: what may trouble the model without making an answer unreadable, in sentences.

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
    paths: int = 0
    unended: int = 0
    untried: int = 0
    contents: bool = False
    notes: list[str] = field(default_factory=list)
    settings: bool = True
    canary: bool | None = None
    persona_canary: bool | None = None
    outcome: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        return asdict(self)


def certify(plan: Plan, name: str, fetch: bool = False) -> Certificate:
    """Prove points 1 to 4 for one model of a plan; `fetch` its tokenizer from a hub if need be.

    Raises StudyError for a prompt that does not fit the model's context, naming the trial, and
    ProgramFault for a program that breaks on a path of its dry runs.
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
    dry = {kind: every_path(sample, model) for kind, sample in samples.items()}
    found.paths = sum(len(one.paths) for one in dry.values())
    found.unended = sum(one.unended for one in dry.values())
    found.untried = sum(one.untried for one in dry.values())
    for kind, runs in dry.items():
        found.notes += [
            f"{samples[kind].part.place}: {name} stands in none of its prompts as it is given"
            for name in in_no_prompt(runs.paths, samples[kind])
        ]
    if not capabilities(model).has_weights:
        for kind, runs in dry.items():
            for asked in (one.call for path in runs.paths for one in path.calls):
                _fits(model, samples[kind], words(asked), 0)
        found.calls = sum(len(dry[_kind(one)].paths[0].calls) for one in mine)
        return found
    tokens = local_tokenizer(model, plan.experiment.study, fetch)
    if isinstance(tokens, Tokenizer):
        found.tokenizer, found.silent_tokens = True, len(tokens.silent)
        for kind, runs in dry.items():
            _reaches(found, tokens, runs, samples[kind], kinds[kind])
        found.contents = not template_is_servers(model)
    lengths = {
        kind: [PromptLengths(tokens, samples[kind], path) for path in runs.with_new_prompts()]
        for kind, runs in dry.items()
    }
    _count(found, model, mine, lengths)
    found.context = found.tokenizer
    return found


def _reaches(
    found: Certificate,
    tokens: Tokenizer,
    runs: DryRuns,
    sample: Conversation,
    alike: list[Conversation],
) -> None:
    """StudyError where the chat template leaves out anything of a call's messages."""
    for path in runs.with_new_prompts():
        for messages in every_content(path, sample, alike):
            require_contents(tokens, messages)
    for asked in runs.paths[0].calls:
        found.notes += [
            note for note in notes_on(tokens, asked.call.messages) if note not in found.notes
        ]


def _count(
    found: Certificate,
    model: Model,
    mine: list[Conversation],
    lengths: dict[tuple[int, AdapterSettings], list[PromptLengths]],
) -> None:
    """Each conversation's calls and tokens on the path of the longest answers, in the order in
    which they will be asked; and, of all paths, whether each prompt and its answer fit."""
    block = block_size(model)
    last: dict[int, list[tuple[str, int]]] = {}
    for one in (group[0] for group in in_prefix_order([[one] for one in mine])):
        first, *others = lengths[_kind(one)]
        every = zip(first.prompts(one), first.openings(one), strict=True)
        for number, ((prompt, budget), opening) in enumerate(every):
            found.calls += 1
            found.prompt_tokens += prompt
            known = shared(last.get(number, []), opening) // block * block
            found.computed_tokens += prompt - min(known, (prompt - 1) // block * block)
            last[number] = opening
            found.longest_prompt = max(found.longest_prompt, prompt)
            if found.tokenizer:
                _fits(model, one, prompt, budget)
        for path in others:
            for prompt, budget in path.prompts(one):
                found.longest_prompt = max(found.longest_prompt, prompt)
                if found.tokenizer:
                    _fits(model, one, prompt, budget)


def _fits(model: Model, one: Conversation, prompt: int, budget: int) -> None:
    """StudyError for a prompt, in tokens, that leaves its answer no room."""
    if prompt + budget > model.max_model_len:
        raise StudyError(
            f"experiments/models.toml: {model.name}.max_model_len",
            f"{one.trials[0].scenario.id} takes up to {prompt} tokens and its answer "
            f"{budget}: more than the context of {model.max_model_len}",
            f"set max_model_len = {prompt + budget} or more, or shorten the prompt",
        )


def _kind(conversation: Conversation) -> tuple[int, AdapterSettings]:
    """Conversations of a kind make the same calls, about other things."""
    return id(conversation.part), conversation.adapter


def _fullest(alike: list[Conversation]) -> Conversation:
    return max(alike, key=lambda one: sum(bool(text) for text in one.inputs.values()))


def _model(plan: Plan, conversation: Conversation) -> str:
    return plan.condition(conversation.trials[0]).settings.model
