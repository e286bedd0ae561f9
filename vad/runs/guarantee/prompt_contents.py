"""Contents: every message of a call stands in the prompt that the model is given.

A chat template may drop the system text, or a turn, without an error: the persona's condition would
be the baseline's. White space aside, as templates trim. What a template does beside that, and no
message shows, is told.
"""

import re
from collections.abc import Iterator
from functools import cache

from ...design.trials import Conversation
from ...engines.tokenizer import SYSTEM_ROLE_FALSE, Tokenizer, without_system
from ...errors import StudyError
from .dry_run import DryPath

PREFILLED = re.compile(r"(\{\s*\"?|\[|```\w*)\s*$")
SHOWN = 60

Messages = list[dict[str, str]]


def require_contents(tokens: Tokenizer, messages: Messages) -> None:
    """StudyError for a chat template that leaves out a message, with the line to write if any."""
    lost = _lost(messages, tokens.prompt(messages))
    if lost is None:
        return
    merged = without_system(messages)
    helps = tokens.model.system_role and merged != messages and _holds(tokens, merged)
    said = " ".join(messages[lost]["content"].split())
    raise StudyError(
        tokens.template_place,
        f"the chat template leaves out what the {messages[lost]['role']} says (message {lost + 1} "
        f'of {len(messages)}): "{said[:SHOWN]}{"..." if len(said) > SHOWN else ""}" does not '
        "stand in the prompt",
        SYSTEM_ROLE_FALSE if helps else "give a chat_template that writes out every message",
    )


def every_content(
    path: DryPath, sample: Conversation, conversations: list[Conversation]
) -> Iterator[Messages]:
    """The messages of a path's calls, so often that each text of a conversation stands in one.

    Only the texts that conversations of a kind are about tell their messages apart. Two of the same
    characters are taken for one: options in another order.
    """
    seen: set[str] = set()
    for one in (sample, *conversations):
        texts = {_characters(text) for text in one.inputs.values()}
        if one is not sample and texts <= seen:
            continue
        seen |= texts
        for asked in path.calls:
            yield [
                message | {"content": _instead(message["content"], sample.inputs, one.inputs)}
                for message in asked.call.messages
            ]


def in_no_prompt(paths: list[DryPath], sample: Conversation) -> list[str]:
    """The inputs of a program whose texts stand in none of its calls as they are given."""
    said = "".join(
        _bare(message["content"])
        for path in paths
        for asked in path.calls
        for message in asked.call.messages
    )
    return [name for name, text in sample.inputs.items() if _bare(text) not in said]


def notes_on(tokens: Tokenizer, messages: Messages) -> list[str]:
    """What of a prompt's end a model may stumble over, in sentences."""
    prompt = tokens.prompt(messages)
    given = messages if tokens.model.system_role else without_system(messages)
    found = []
    if PREFILLED.search(prompt):
        found.append(
            f"the prompt ends in {prompt.rstrip()[-20:]!r}, and every answer begins with its own "
            "brace: take what opens the answer out of the chat template"
        )
    if tokens.rendered(given) == tokens.rendered(given, opens_answer=False):
        found.append(
            "the chat template has no generation prompt (add_generation_prompt changes nothing): "
            f"the answer follows on {prompt.rstrip()[-20:]!r}"
        )
    return found


def _holds(tokens: Tokenizer, messages: Messages) -> bool:
    try:
        return _lost(messages, tokens.rendered(messages)) is None
    except Exception:  # a template raises what it likes
        return False


def _lost(messages: Messages, prompt: str) -> int | None:
    """The first message whose content does not stand in a prompt; None where all do."""
    left = _bare(prompt)
    # The longest first, and each taken out: what stands in another message does not count twice.
    for place in sorted(range(len(messages)), key=lambda one: -len(messages[one]["content"])):
        content = _bare(messages[place]["content"])
        if content not in left:
            return place
        left = left.replace(content, "\0", 1) if content else left
    return None


@cache
def _characters(text: str) -> str:
    """The characters of a text, whatever their order."""
    return "".join(sorted(text))


def _bare(text: str) -> str:
    return "".join(text.split())


def _instead(content: str, before: dict[str, str], now: dict[str, str]) -> str:
    """A message with each text of one conversation replaced by another's."""
    texts = {text: now.get(name, "") for name, text in before.items() if text}
    if not texts:
        return content
    longest_first = sorted(texts, key=len, reverse=True)
    anyone = re.compile("|".join(map(re.escape, longest_first)))
    return anyone.sub(lambda found: texts[found.group()], content)
