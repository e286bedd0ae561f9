"""Answers: each scenario's dilemma, prompts and raw answers, to be opened when a reader asks."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from .embedded_json import json_value
from .numbering import Numbering
from .prompts import Blocks, Row, sent_calls

CALL_SETTINGS = ("temperature", "top_p", "top_k", "seed", "max_tokens")
COSTS = ("prompt_tokens", "cached_tokens", "output_tokens")


@dataclass(frozen=True)
class AnswerTexts:
    """blocks: the texts that scenarios share; scenarios: the rest, as they are numbered."""

    blocks: list[str]
    scenarios: list[dict[str, Any]]


def answer_texts(numbering: Numbering) -> AnswerTexts:
    """Every answer of a run with the calls behind it, a scenario at a time.

    An answer names its condition by number and brings, as `blocks`, the scenario's own texts that
    no answer before it had: a raw answer stands beside the reasoning read from it, near enough for
    gzip to keep the two once. A call's messages are (role, numbers of blocks).
    """
    by_scenario = _responses(numbering)
    others = {row["reused"] for mine in by_scenario for row in mine}
    sent = sent_calls(numbering.run, others - {None, numbering.run.folder.name})
    blocks = Blocks()
    for at, mine in enumerate(by_scenario):
        for row in mine:
            for call in sent.get(row["trial"], []):
                blocks.note(at, call)
    found = []
    for name, mine in zip(numbering.scenarios["scenario"], by_scenario, strict=True):
        own: dict[str, int] = {}
        answers = [_answer(row, sent.get(row["trial"], []), blocks, own) for row in mine]
        found.append(_dilemma(numbering, name) | {"answers": answers})
    return AnswerTexts([*blocks.shared], found)


def _responses(numbering: Numbering) -> list[list[Row]]:
    table = numbering.run.gap_responses()
    item = numbering.run.answers.rows["item"].to_numpy()
    table = table.assign(condition=numbering.condition[item], at=numbering.scenario[item])
    rows: dict[int, list[Row]] = defaultdict(list)
    for row in table.sort_values(["condition", "question", "repeat"]).to_dict("records"):
        rows[row["at"]].append({str(name): json_value(one) for name, one in row.items()})
    return [rows[at] for at in range(len(numbering.scenarios))]


def _dilemma(numbering: Numbering, name: str) -> dict[str, Any]:
    """The scenario's text and actions, strongest alignment first; None where no longer known."""
    dilemma = numbering.dilemmas.get(name)
    if dilemma is None:
        return {"dilemma": None, "actions": []}
    actions = [
        {
            "option": place,
            "score": json_value(score),
            "side": f"{option.intensity or ''} {option.polarity}".strip(),
            "text": option.text,
        }
        for place, (option, score) in enumerate(zip(dilemma.options, dilemma.scores(), strict=True))
    ]
    return {
        "dilemma": dilemma.text,
        "actions": sorted(actions, key=lambda action: -float(action["score"])),
    }


def _answer(row: Row, calls: list[Row], blocks: Blocks, own: dict[str, int]) -> dict[str, Any]:
    given = {"option": int(row["option"]), "score": row["score"]} if row["valid"] else {}
    told = ("condition", "question", "repeat", "letter", "problem", "reused", "reasoning")
    known = len(own)
    numbered = {
        "text": blocks.number(row["text"], own),
        "calls": [_call(call, blocks, own) for call in calls],
    }
    return {name: row[name] for name in told} | given | numbered | {"blocks": [*own][known:]}


def _call(call: Row, blocks: Blocks, own: dict[str, int]) -> dict[str, Any]:
    held = call["constraint"]
    return {
        "text": blocks.number(call["text"], own),
        "finish_reason": call["finish_reason"],
        "messages": blocks.messages(call, own),
        "constraint": blocks.number(held, own) if held else None,
        **{name: call[name] for name in (*CALL_SETTINGS, *COSTS)},
    }
