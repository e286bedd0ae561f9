"""Capabilities: what an engine can do, by the name that a profile gives it.

Whoever depends on an engine asks here; no other folder compares an engine's name.
"""

from dataclasses import dataclass, replace

from ..study.models import Model


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do.

    has_weights: a language model answers, whose prompts have tokens. holds_regex: an answer is held
    to a regular expression. gives_probabilities: of an option, before the mask. guarantees: an
    answer can be read by construction. in_process: the weights are loaded here, by vLLM or
    transformers. is_vllm: what `vad bench` compares with.
    """

    has_weights: bool = True
    holds_regex: bool = True
    gives_probabilities: bool = True
    guarantees: bool = True
    in_process: bool = True
    is_vllm: bool = False


ENGINES = {
    "vllm": Capabilities(is_vllm=True),
    "transformers": Capabilities(),
    "server": Capabilities(gives_probabilities=False, in_process=False),
    "simulated": Capabilities(has_weights=False, in_process=False),
}
"""Every engine by name."""


def capabilities(model: Model) -> Capabilities:
    """What the engine of a profile can do for it: of a validated answer less is promised."""
    own = ENGINES[model.engine]
    return replace(own, holds_regex=False, guarantees=False) if model.validated else own


def writes_prompt(model: Model) -> bool:
    """Whether a profile's server is given a whole prompt, as its own template has no room for a
    prefix or for a template of the profile's."""
    return bool(model.answer_prefix or model.chat_template)


def template_is_servers(model: Model) -> bool:
    """Whether messages are put into a prompt by a server, by a template that is not known here."""
    return model.engine == "server" and not writes_prompt(model)
