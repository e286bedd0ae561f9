"""The recorder of a run: what is open, what waits to be written, what it came to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..design.trials import Conversation, Plan
from ..engines.base import encodable
from .guarantee.certificate import Certificate
from .manifest import compose_manifest
from .store.folder import RunFolder
from .store.reader import reusable
from .store.schema import in_role

OF_KIND = "unreadable: "
COSTS_NOTHING = dict.fromkeys(in_role("cost"), 0)
"""What a row taken over from elsewhere cost here."""


@dataclass
class Outcome:
    """What a run came to, counted in trials.

    prompt_tokens of what was asked now, those that the engine computed of them, and the fewest it
    could have: of calls whose engine tells what it has cached. kinds: of the unreadable answers.
    """

    folder: Path
    planned: int
    asked: int = 0
    kept: int = 0
    reused: int = 0
    unreadable: int = 0
    open: int = 0
    prompt_tokens: int = 0
    computed_tokens: int = 0
    unseen_tokens: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)


class Recorder:
    """The books of one run: what comes is kept at once.

    anyway: whether a run goes on where nothing that a provider answers can be read.
    """

    def __init__(self, plan: Plan, folder: RunFolder, certificates: dict[str, Certificate]) -> None:
        self.plan = plan
        self.folder = folder
        self.certificates = certificates
        self.anyway = False
        self.outcome = Outcome(folder.path, len(plan.trials))
        self.engines: dict[str, Any] = {}
        self.shard: dict[str, Any] = {}
        self._began = datetime.now(UTC).isoformat(timespec="seconds")

    def open(self, others: Path | None) -> list[list[Conversation]]:
        """Conversations still to be held; rows of the runs in `others` are taken over first.

        Those of one group ask the same thing under several names: one is held, all are answered.
        """
        done = self.folder.answered()
        missing = [
            one
            for one in self.plan.conversations
            if not all(self._identity(one, place) in done for place in range(len(one.trials)))
        ]
        self.outcome.kept = len(self.plan.trials) - sum(len(one.trials) for one in missing)
        wanted = {trial.key for one in missing for trial in one.trials}
        known = reusable(others, self.folder.path, wanted) if others else {}
        groups: dict[str, list[Conversation]] = {}
        for one in missing:
            if all(trial.key in known for trial in one.trials):
                rows = [
                    known[trial.key] | self._columns(one) | COSTS_NOTHING for trial in one.trials
                ]
                self.folder.add(self._model(one), rows, [])
                self.outcome.reused += len(rows)
            else:
                groups.setdefault(one.trials[0].key, []).append(one)
        self.folder.flush()
        return list(groups.values())

    def answered(
        self, group: list[Conversation], rows: list[dict[str, Any]], calls: list[dict[str, Any]]
    ) -> None:
        """Keep the rows of a conversation that was held, and again for each of its twins."""
        kept = [row | self._columns(group[0]) for row in rows]
        again = {"reused": self.folder.path.name} | COSTS_NOTHING
        for twin in group[1:]:
            kept += [row | self._columns(twin) | again for row in rows]
        self.folder.add(self._model(group[0]), kept, calls)
        self.outcome.asked += len(rows)
        for call in calls:
            if call["unseen_tokens"]:
                self.outcome.prompt_tokens += call["prompt_tokens"]
                self.outcome.computed_tokens += call["prompt_tokens"] - call["cached_tokens"]
                self.outcome.unseen_tokens += call["unseen_tokens"]
        self.outcome.reused += len(rows) * (len(group) - 1)

    def failed(self, one: Conversation, model: str, attempt: int, said: str) -> None:
        """Note an engine's failure; the conversation's trials stay open."""
        said = encodable(said)
        self.folder.problem(
            trial=[trial.key for trial in one.trials],
            model=model,
            scenario=one.trials[0].scenario.id,
            attempt=attempt,
            problem=said,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self.outcome.problems[said] += 1

    def write_manifest(self) -> None:
        """Write the manifest as it stands: what suffices to understand and repeat the run."""
        before = self.folder.manifest or {}
        counts = self.folder.counts()
        planned = max(self.outcome.planned, before.get("counts", {}).get("planned", 0))
        self.outcome.unreadable = counts["unreadable"]
        self.outcome.kinds = Counter(
            {
                name.removeprefix(OF_KIND): count
                for name, count in counts.items()
                if name.startswith(OF_KIND)
            }
        )
        self.outcome.open = max(
            0, self.outcome.planned - self.outcome.kept - self.outcome.asked - self.outcome.reused
        )
        for name, certificate in self.certificates.items():
            certificate.outcome = self.folder.counts(name)
            if certificate.canary is None:
                # Nothing was asked this time: what an earlier start of the engine showed stands.
                known = before.get("certificates", {}).get(name, {})
                certificate.canary = known.get("canary")
        self.folder.write_manifest(
            compose_manifest(
                self.plan,
                before,
                self._began,
                self.engines,
                self.certificates,
                {"planned": planned, **counts},
            )
            | ({"shard": self.shard} if self.shard else {})
        )

    def close(self) -> None:
        """Write what waits and the manifest, and let the folder go."""
        try:
            self.folder.flush()
            self.write_manifest()
        finally:
            self.folder.close()

    def _model(self, one: Conversation) -> str:
        return self.plan.condition(one.trials[0]).settings.model

    def _columns(self, one: Conversation) -> dict[str, Any]:
        return self.plan.condition(one.trials[0]).columns

    def _identity(self, one: Conversation, place: int) -> tuple[Any, ...]:
        return self.folder.identity(self._columns(one) | {"trial": one.trials[place].key})
