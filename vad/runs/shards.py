"""Shards: a plan's conversations dealt out to several runs, each of which shares its prefixes.

What begins alike up to its last text stays together, so a shard computes a prefix that its engine
caches as often as one run would. The largest of these groups go first, each to the shard with the
fewest questions so far: no shard holds more than the mean and one group.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from ..design.trials import Conversation, Plan
from ..errors import StudyError
from .prefix_order import leading


@dataclass(frozen=True)
class Shard:
    """The share `number`, from 1, of `of` shares of a plan."""

    number: int
    of: int

    def folder(self, name: str) -> str:
        """The run folder's name for that of the whole run."""
        return f"{name}-shard-{self.number}-of-{self.of}"


def parse_shard(text: str) -> Shard:
    """The shard that "3/8" names; StudyError for what names none."""
    number, slash, of = text.partition("/")
    if slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
        return Shard(int(number), int(of))
    raise StudyError("--shard", f'found "{text}"', "write the third of eight as --shard 3/8")


def share(plan: Plan, shard: Shard) -> Plan:
    """A plan of a shard's conversations alone, in the plan's order.

    Raises StudyError where the plan has fewer groups than shards.
    """
    groups = prefix_groups(plan)
    if len(groups) < shard.of:
        raise StudyError(
            "--shard",
            f"{plan.experiment.place} asks in {len(groups)} groups of prompts that begin alike",
            f"take at most {len(groups)} shards",
        )
    shares: list[list[Conversation]] = [[] for _ in range(shard.of)]
    loads = [0] * shard.of
    for group in sorted(groups, key=questions, reverse=True):
        lightest = loads.index(min(loads))
        shares[lightest] += group
        loads[lightest] += questions(group)
    mine = {id(one) for one in shares[shard.number - 1]}
    return Plan(plan.experiment, [one for one in plan.conversations if id(one) in mine])


def prefix_groups(plan: Plan) -> list[list[Conversation]]:
    """The conversations with one model that begin alike up to their last text; the same
    conversation under several names is in one group."""
    groups: dict[tuple[str, ...], list[Conversation]] = defaultdict(list)
    for one in plan.conversations:
        settings = plan.condition(one.trials[0]).settings
        groups[settings.model, settings.backend, *leading(one)[:-1]].append(one)
    return list(groups.values())


def questions(group: list[Conversation]) -> int:
    """How many questions are asked in a group: one that stands under several names counts once."""
    return sum(len(trials) for trials in {one.trials[0].key: one.trials for one in group}.values())


def plan_digest(plan: Plan) -> str:
    """A hash of every trial of a plan and of the condition that it answers."""
    found = hashlib.sha256()
    for trial in plan.trials:
        columns = plan.condition(trial).columns
        found.update(repr((trial.key, sorted(columns.items()))).encode())
    return found.hexdigest()
