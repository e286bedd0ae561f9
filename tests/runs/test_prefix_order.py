"""Prompts in the order that shares their prefixes: the least to compute, and the same answers."""

import asyncio
import random
from collections import OrderedDict
from pathlib import Path

from tests.helpers.commands import Vad
from tests.helpers.studies import REPOSITORY, SMALL, load
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.engines.base import Call
from vad.engines.prefix_cache import PrefixCache
from vad.engines.profiles import load_profile
from vad.engines.tokenizer import Tokenizer
from vad.runs.prefix_order import in_prefix_order, leading
from vad.study.loader import Study, find_study


def small(root: Path, text: str) -> list[list[str]]:
    """What the prompts of an experiment are made of, in the order of a run."""
    plan = make_plan(load(root, "small", SMALL + text))
    groups = [[one] for one in plan.conversations]
    random.Random(1).shuffle(groups)
    ordered = in_prefix_order(groups)
    assert sorted(map(id, ordered)) == sorted(map(id, groups))
    return [leading(group[0]) for group in ordered]


def test_next_to_each_other_stands_what_begins_alike_even_in_other_conditions(root: Path) -> None:
    prompts = small(root, 'decoding = ["constrained", "free"]\n')
    ids: dict[str, int] = {}
    tokens = [[ids.setdefault(text, len(ids)) for text in prompt] for prompt in prompts]
    met = PrefixCache(1)
    least = sum(map(met.unseen, tokens))
    last: list[int] = []
    computed = 0
    for prompt in tokens:
        # A cache that holds nothing but the prompt before.
        shared = next(
            (n for n, (a, b) in enumerate(zip(last, prompt, strict=False)) if a != b),
            min(len(last), len(prompt)),
        )
        computed += len(prompt) - min(shared, len(prompt) - 1)
        last = prompt
    assert computed == least


def test_an_engine_that_tells_nothing_of_its_cache_has_no_line_on_it(vad: Vad) -> None:
    assert "prompt tokens" not in vad("run", "small").stdout


def computed_with(prompts: list[list[int]], blocks: int) -> float:
    """Tokens computed over the least there are, one after another, the oldest block forgotten."""
    block, computed, least = 32, 0, 0
    cache: OrderedDict[int, None] = OrderedDict()
    met = PrefixCache(block)
    for prompt in prompts:
        least += met.unseen(prompt)
        before, shared, found = 0, 0, True
        for start in range(0, len(prompt) - block + 1, block):
            before = hash((before, *prompt[start : start + block]))
            found = found and before in cache
            shared += block * found
            cache[before] = None
            cache.move_to_end(before)
        while len(cache) > blocks:
            cache.popitem(last=False)
        computed += len(prompt) - min(shared, (len(prompt) - 1) // block * block)
    return computed / least


def test_in_this_order_a_cache_of_a_few_prompts_leaves_the_least_to_compute() -> None:
    study = find_study(REPOSITORY)
    tokens = Tokenizer(load_profile(study, "pocket", "test"), study)
    prompts = [tokens.ids(tokens.prompt(one.messages)) for one in asyncio.run(every_call(study))]
    assert computed_with(prompts, 64) == 1
    assert computed_with(random.Random(2026).sample(prompts, len(prompts)), 64) > 1.5


async def every_call(study: Study) -> list[Call]:
    from vad.tools.bench.workload import every_call as asked

    path = study.root / "experiments" / "pocket_quickstart.toml"
    return await asked(make_plan(load_experiment(study, path, limit=8)))
