"""Answers: what a conversation came to -> a row a trial and a row an LM call."""

import json
from collections.abc import Sequence
from typing import Any

from ..constraints.choices import choice_text
from ..constraints.lenient import read_lenient
from ..constraints.values import kept
from ..design.trials import Conversation, Trial
from ..engines.base import encodable
from ..engines.request_fields import unsent
from ..errors import Unreadable
from ..study.source import Quote
from .session import RecordedCall, Session
from .unreadable_kinds import kind_of

SAMPLED = frozenset(("temperature", "top_p", "top_k", "seed"))

NOT_LENIENT = {"lenient_letter": None, "lenient_option": None, "lenient_score": None}
"""Of a constrained answer, and of one in which no parser reads an option."""


def response_rows(
    conversation: Conversation,
    fields: dict[str, Any],
    session: Session,
    probabilities: dict[str, tuple[float, ...]],
) -> list[dict[str, Any]]:
    """The rows of a conversation whose answers were read; `fields` are its prediction's.

    Raises ProgramFault where the module returned an answer that was never offered.
    probabilities: the probabilities of a trial's answers by its key, where they were asked for.
    """
    rows = []
    for place, trial in enumerate(conversation.trials):
        name = trial.question.name
        answers = conversation.part.answers[name][: len(trial.order)]
        row = _common(trial, session, first=place == 0)
        given = fields.get(name)
        if conversation.part.many:
            if not isinstance(given, dict) or trial.item not in given:
                rows.append(row | _nothing("item not answered", row["text"]))
                continue
            given = given[trial.item]
        if given is None and conversation.part.may_decline(name):
            rows.append(row | _nothing("declined", row["text"]))
            continue
        # By type, too: to Python true is 1, and 1.0 is.
        stood = [n for n, one in enumerate(answers) if type(one) is type(given) and one == given]
        if not stood and not conversation.part.many:
            raise (conversation.part.returned or Quote(conversation.part.place)).fault(
                f"its prediction's {name} is {given!r:.60}, which is none of "
                f"{', '.join(map(choice_text, answers))}",
                "return the answer as the model gave it",
            )
        if not stood:
            rows.append(row | _nothing("not an option", row["text"]))
            continue
        option = trial.order[stood[0]]
        rows.append(
            row
            | {
                "reasoning": _text(fields.get(f"{name}_reasoning", fields.get("reasoning"))),
                "letter": encodable(choice_text(given)),
                "option": option,
                "score": trial.question.scores[option],
                "fields": _others(conversation, fields),
                "valid": True,
                "problem": None,
            }
            | _lenient(trial, session, answers, stood[0])
            | _probabilities(trial, probabilities.get(trial.key))
        )
    return rows


def _probabilities(trial: Trial, probabilities: tuple[float, ...] | None) -> dict[str, Any]:
    """The probabilities in the answers' order, and the score expected of them, legal ones alone."""
    if not probabilities:
        return {"probabilities": None, "expected": None}
    mass = sum(probabilities)
    scores = [trial.question.scores[option] for option in trial.order]
    expected = sum(weight * score for weight, score in zip(probabilities, scores, strict=True))
    return {"probabilities": list(probabilities), "expected": expected / mass if mass else None}


def _lenient(
    trial: Trial, session: Session, answers: Sequence[Any], place: int | None
) -> dict[str, Any]:
    """What the lenient parser reads of a free answer: an option by its place, or nothing."""
    if session.constrained or place is None:
        return NOT_LENIENT
    option = trial.order[place]
    return {
        "lenient_letter": choice_text(answers[place]),
        "lenient_option": option,
        "lenient_score": trial.question.scores[option],
    }


def _answers_key(schema: dict[str, Any], name: str, answers: Sequence[Any]) -> str | None:
    """The field of a call that holds the answer: of the question's name, or with its choices."""
    fields = schema.get("properties", {})
    held = [key for key, one in fields.items() if one.get("enum") == [*answers]]
    return name if name in fields else held[0] if len(held) == 1 else None


def failed_rows(
    conversation: Conversation, problem: Unreadable, session: Session
) -> list[dict[str, Any]]:
    """The rows of a conversation in which an answer could not be read: raw text, kind, no score."""
    ended = session.calls[-1].reply.finish_reason
    kind = kind_of(ended, problem.kind)
    rows = [
        _common(trial, session, first=place == 0) | _nothing(kind, encodable(problem.text))
        for place, trial in enumerate(conversation.trials)
    ]
    if len(rows) == 1 and not session.constrained:
        trial = conversation.trials[0]
        answers = conversation.part.answers[trial.question.name][: len(trial.order)]
        key = _answers_key(session.calls[-1].call.schema, trial.question.name, answers)
        # A call before the last asks for something else than the answer.
        if key:
            words = [trial.question.options[option] for option in trial.order]
            place = read_lenient(problem.text, key, [*map(choice_text, answers)], words)
            rows[0] |= _lenient(trial, session, answers, place)
    return rows


def call_rows(conversation: Conversation, session: Session) -> list[dict[str, Any]]:
    """A row an LM call, with the messages exactly as they were sent.

    A sampling setting that the request did not carry is missing.
    """
    without = unsent(session.model) if session.model else frozenset()
    return [
        {
            "trials": [trial.key for trial in conversation.trials],
            "number": number,
            "messages": encodable(json.dumps(_sent(asked), ensure_ascii=False)),
            "constraint": asked.call.regex,
            "max_tokens": asked.call.max_tokens,
            "temperature": asked.call.temperature,
            "top_p": asked.call.top_p,
            "top_k": asked.call.top_k,
            "seed": asked.call.seed,
            "rollout": asked.rollout,
            "text": asked.reply.text,
            "finish_reason": asked.reply.finish_reason,
            "prompt_tokens": asked.reply.prompt_tokens,
            "cached_tokens": asked.reply.cached_tokens,
            "unseen_tokens": asked.reply.unseen_tokens,
            "output_tokens": asked.reply.output_tokens,
            "seconds": asked.seconds,
        }
        | dict.fromkeys(without & SAMPLED)
        for number, asked in enumerate([*session.calls, *session.probability_calls])
    ]


def _sent(asked: RecordedCall) -> list[dict[str, str]]:
    """The messages, and what of the answer was given along with them."""
    begun = [{"role": "assistant", "content": asked.call.prefix}] if asked.call.prefix else []
    return [*asked.call.messages, *begun]


def _common(trial: Trial, session: Session, first: bool) -> dict[str, Any]:
    """A call's tokens and time are counted once, on the conversation's first trial."""
    calls = [*session.calls, *session.probability_calls] if first else []
    return {
        "trial": trial.key,
        "scenario": trial.scenario.id,
        "value": trial.scenario.value,
        "topic": trial.scenario.topic,
        "question": trial.question.name,
        "repeat": trial.repeat,
        "order": list(trial.order),
        "text": session.calls[-1].reply.text,
        "finish_reason": session.calls[-1].reply.finish_reason,
        "prompt_tokens": sum(one.reply.prompt_tokens for one in calls),
        "cached_tokens": sum(one.reply.cached_tokens for one in calls),
        "output_tokens": sum(one.reply.output_tokens for one in calls),
        "seconds": sum(one.seconds for one in calls),
        "reused": None,
    }


def _nothing(kind: str, text: str) -> dict[str, Any]:
    return {
        "text": text,
        "reasoning": None,
        "letter": None,
        "option": None,
        "score": None,
        "fields": None,
        "probabilities": None,
        "expected": None,
        "valid": False,
        "problem": kind,
        **NOT_LENIENT,
    }


def _others(conversation: Conversation, fields: dict[str, Any]) -> str | None:
    """What else a program's prediction holds (thoughts, votes, a margin), as data."""
    questions = conversation.part.questions
    known = {"reasoning", *questions, *(f"{name}_reasoning" for name in questions)}
    others = {name: value for name, value in fields.items() if name not in known}
    if not others:
        return None
    try:
        return encodable(json.dumps(kept(others), ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):  # of a module's own: a circle, for example
        return encodable(json.dumps({name: repr(one) for name, one in others.items()}))


def _text(value: Any) -> str | None:
    return None if value is None else encodable(str(value))
