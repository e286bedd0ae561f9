"""The least to compute of prompts that share their prefixes, whatever their order."""

import random

from hypothesis import given
from hypothesis import strategies as st

from vad.engines.prefix_cache import PrefixCache

PROMPTS = st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=12), max_size=12)


def test_a_prompt_seen_before_leaves_what_is_behind_its_last_whole_block() -> None:
    met = PrefixCache(4)
    assert met.unseen([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) == 10
    assert met.unseen([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) == 2
    assert met.unseen([1, 2, 3, 4, 5, 6, 0, 0, 0]) == 5
    assert met.unseen([0, 2, 3, 4, 5, 6, 7, 8]) == 8


def test_a_prompt_that_goes_on_from_an_answer_leaves_what_is_behind_their_last_whole_block() -> (
    None
):
    prefixes = PrefixCache(4)
    prompt, answer = [1, 2, 3, 4, 5], [6, 7, 8, 9]
    assert prefixes.unseen(prompt) == 5
    prefixes.add([*prompt, *answer[:-1]])
    assert prefixes.unseen([*prompt, *answer, 10]) == 2


def test_the_last_token_of_a_prompt_is_computed_and_with_it_its_block() -> None:
    met = PrefixCache(4)
    assert met.unseen([1, 2, 3, 4, 5, 6, 7, 8]) == 8
    assert met.unseen([1, 2, 3, 4, 5, 6, 7, 8]) == 4


@given(PROMPTS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_least_to_compute_does_not_depend_on_the_order(
    prompts: list[list[int]], chance: random.Random, block: int
) -> None:
    # A chat template ends every prompt alike, so none is the beginning of another.
    prompts = [[*prompt, 2] for prompt in prompts]
    met, again = PrefixCache(block), PrefixCache(block)
    shuffled = chance.sample(prompts, len(prompts))
    assert sum(map(met.unseen, prompts)) == sum(map(again.unseen, shuffled))
