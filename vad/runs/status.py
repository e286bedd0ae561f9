"""Status: how far a run is, from its folder alone, while another process asks it or after."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .store.lock import holder
from .store.reader import open_manifest, read_parts

COLUMNS = ["model", "problem", "prompt_tokens", "output_tokens", "probabilities", "reused"]


@dataclass
class Status:
    """What stands in a run folder.

    held_by: the process that asks now, in words, empty where none does. rate: answers a second
    since its engine was up, None where none asks or it has no answer yet. left: seconds at that
    rate. money: by currency, of models whose profile has a price. coerced: by model, the mean share
    of its own probability that was on no legal option, where option probabilities were asked.
    """

    folder: Path
    experiment: str
    held_by: str
    planned: int
    answers: int = 0
    reused: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    output_tokens: int = 0
    rate: float | None = None
    left: float | None = None
    money: dict[str, float] = field(default_factory=dict)
    coerced: dict[str, float] = field(default_factory=dict)


def run_status(folder: Path) -> Status:
    """How far a run is; StudyError if the folder is none or cannot be read."""
    manifest = open_manifest(folder)
    counts = manifest.get("counts", {})
    found = Status(folder, manifest["experiment"], holder(folder), counts.get("planned", 0))
    legal: dict[str, list[float]] = {}
    for table in read_parts(folder, "responses", COLUMNS):
        for row in table.to_pylist():
            found.answers += 1
            found.reused += row["reused"] is not None
            found.unreadable.update([row["problem"]] if row["problem"] is not None else [])
            found.prompt_tokens += row["prompt_tokens"] or 0
            found.output_tokens += row["output_tokens"] or 0
            price = manifest.get("models", {}).get(row["model"], {}).get("price")
            if price:
                cost = (row["prompt_tokens"] or 0) * price["input"]
                cost += (row["output_tokens"] or 0) * price["output"]
                spent = found.money.get(price["currency"], 0.0)
                found.money[price["currency"]] = spent + cost / 1e6
            if row["probabilities"]:
                legal.setdefault(row["model"], []).append(sum(row["probabilities"]))
    found.coerced = {name: 1 - sum(all_) / len(all_) for name, all_ in legal.items()}
    asked = found.answers - counts.get("answers", 0)
    if found.held_by and asked > 0:
        since = datetime.fromisoformat(manifest["ended"])
        found.rate = asked / max((datetime.now(UTC) - since).total_seconds(), 0.5)
        found.left = (found.planned - found.answers) / found.rate
    return found
