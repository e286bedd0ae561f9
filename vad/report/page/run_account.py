"""The account of a run: what was asked, parsed and missing, what was proved, what it ran on."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...analysis.results import Run
from ...analysis.unreadable import unreadable_by_kind
from .numbering import Numbering


@dataclass(frozen=True)
class AskedCounts:
    """A row a condition: its number, answers asked, parsed, missing by kind, reused.

    kinds: the kinds of unreadable answers there are, a column each. still_open: trials of the plan
    without an answer; failures: what engines failed with, and how often.
    """

    rows: list[dict[str, Any]]
    total: dict[str, int]
    kinds: list[str]
    still_open: int
    failures: list[tuple[str, int]]


@dataclass(frozen=True)
class Proof:
    """One point of a model's parse certificate: whether it holds (None: not tried), on what."""

    point: str
    holds: bool | None
    rests_on: str


def asked(numbering: Numbering) -> AskedCounts:
    """Count the answers of a run, and what is missing by the kind of its fault."""
    responses = numbering.run.gap_responses()
    condition = numbering.condition[numbering.run.answers.rows["item"]]
    table = pd.DataFrame(
        {
            "condition": condition,
            "asked": 1,
            "parsed": responses["valid"].astype(int),
            "missing": 1 - responses["valid"].astype(int),
            "reused": responses["reused"].notna().astype(int),
        }
    )
    kinds = unreadable_by_kind(responses.assign(condition=condition), ["condition"])
    counted = table.groupby("condition").sum().join(kinds).fillna(0).astype(int)
    rows = [{str(key): int(one) for key, one in row.items()} for row in counted.to_dict("records")]
    total = {str(key): int(one) for key, one in counted.sum().items()}
    there = len(numbering.run.responses(["question"]))
    planned = int(numbering.run.manifest.get("counts", {}).get("planned", there))
    return AskedCounts(rows, total, [*kinds], max(0, planned - there), _failures(numbering.run))


def _failures(run: Run) -> list[tuple[str, int]]:
    path = run.folder / "problems.jsonl"
    lines = path.read_text().splitlines() if path.is_file() else []
    return Counter(str(json.loads(line)["problem"]) for line in lines if line).most_common()


def certificate(proved: dict[str, Any]) -> list[Proof]:
    """The five points of a model's certificate, as its manifest has them, each with its figures."""
    longest, budget = proved["longest_answer"], proved["max_tokens"]
    context, room = proved["longest_prompt"], proved["max_model_len"]
    canary = proved["canary"]
    return [
        Proof(
            "The language of every answer is finite",
            proved["finite"],
            f"the longest text an answer can be has {longest:,} bytes",
        ),
        Proof(
            "The token budget covers it",
            budget > longest,
            f"{budget:,} tokens, a token being at least a byte; "
            f"{proved['silent_tokens']:,} tokens that decode to nothing are banned",
        ),
        Proof(
            "Prompt and budget fit the context",
            proved["context"] or None,
            f"the longest prompt takes at most {context:,} of {room:,} tokens"
            if proved["context"]
            else "no tokenizer was at hand to count with",
        ),
        Proof(
            "No setting is made that was seen to break answers",
            proved["settings"],
            "stop texts and tokens, banned words, a shorter budget and the like are refused",
        ),
        Proof(
            "The constraint is in force",
            canary,
            "a text that no model would write was asked for, and "
            + ("came back" if canary else "did not come back")
            if canary is not None
            else "not tried: this engine holds no model, or no answer was to be constrained",
        ),
    ]


def provenance(run: Run) -> dict[str, list[tuple[str, str]]]:
    """Versions, settings and hashes as the manifest has them: titled lists of names and values."""
    manifest = run.manifest
    software = {"vad": manifest.get("vad", "")}
    for name, engine in manifest.get("engines", {}).items():
        software[f"{name}: engine"] = engine["name"]
        software |= {f"{name}: {key}": version for key, version in engine["versions"].items()}
        software |= {f"{name}: {key}": note for key, note in engine["notes"].items()}
    decides = manifest.get("decides", {})
    lists = {
        "Run": {key: manifest.get(key, "") for key in ("experiment", "began", "ended")},
        "Software": software,
        "Hardware": manifest.get("hardware", {}),
        "Settings": manifest["settings"]
        | {f"vary {key}": levels for key, levels in manifest["vary"].items()}
        | {f"only {key}": names for key, names in manifest.get("only", {}).items() if names},
        "Hashes": {
            key.removeprefix("file "): digest
            for key, digest in decides.items()
            if key.startswith(("file ", "model "))
        },
    }
    return {
        title: [(key, _told(value)) for key, value in content.items()]
        for title, content in lists.items()
    }


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return "not set" if value is None else str(value)
