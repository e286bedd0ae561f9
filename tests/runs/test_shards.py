"""Shards: a plan dealt out, asked apart, and merged into the run that one process would make."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.commands import Vad
from tests.helpers.studies import load, silent
from vad.analysis.results import open_run
from vad.design.plan import make_plan
from vad.errors import StudyError
from vad.runs.merge import merge
from vad.runs.run import run
from vad.runs.shards import Shard, parse_shard, prefix_groups, questions, share
from vad.runs.store.reader import read_table

DRAWS = """
import json, random


def answer(call):
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    letter = random.Random(str(call.messages) + str(call.seed)).choice("ABCDEF")
    return json.dumps({"reasoning": "", name: letter})
"""


@pytest.fixture
def root(root: Path) -> Path:
    (root / "experiments" / "sim.py").write_text(DRAWS)
    return root


def ask_shards(root: Path, of: int) -> list[Path]:
    return [
        run(load(root), root / "runs", False, silent, shard=Shard(number, of)).folder
        for number in range(1, of + 1)
    ]


@pytest.mark.parametrize("of", [1, 2, 3, 5, 8])
def test_shards_hold_every_conversation_once_in_whole_groups_evenly(root: Path, of: int) -> None:
    plan = make_plan(load(root))
    shares = [share(plan, Shard(number, of)) for number in range(1, of + 1)]
    assert Counter(id(one) for each in shares for one in each.conversations) == Counter(
        id(one) for one in plan.conversations
    )
    groups = prefix_groups(plan)
    where = {id(one): n for n, each in enumerate(shares) for one in each.conversations}
    assert all(len({where[id(one)] for one in group}) == 1 for group in groups)
    sizes = [sum(questions(group) for group in prefix_groups(each)) for each in shares]
    assert max(sizes) <= sum(sizes) / of + max(map(questions, groups))


def test_a_conversation_under_several_names_is_in_one_shard(root: Path) -> None:
    plan = make_plan(load(root))
    plan.conversations += plan.conversations[:9]
    shares = [share(plan, Shard(number, 3)).conversations for number in (1, 2, 3)]
    keys = [{one.trials[0].key for one in each} for each in shares]
    assert len(plan.conversations) > sum(map(len, keys)) == len(set().union(*keys))


def test_a_merged_run_compares_to_the_digit_as_one_asked_at_once(root: Path) -> None:
    shards = ask_shards(root, 3)
    merged = merge(shards, root / "runs" / "merged")
    assert not merged.missing
    whole = run(load(root), root / "elsewhere", False, silent)
    assert merged.answers == merged.planned == whole.planned
    mine, theirs = open_run(merged.folder, root), open_run(whole.folder, root)
    assert mine.compare().equals(theirs.compare())
    assert mine.scores().equals(theirs.scores())
    assert len(read_table(merged.folder, "calls")) == len(read_table(whole.folder, "calls"))


def test_a_merged_run_is_gone_on_with_as_any_other(root: Path, vad: Vad) -> None:
    first, _, third = ask_shards(root, 3)
    done = vad("merge", str(first), str(third))
    assert done.returncode == 1
    assert "missing: shard 2 of 3" in done.stderr
    again = vad("run", "small")
    assert again.returncode == 0, again.stderr
    assert len(read_table(root / "runs" / "small", "responses")) == 3 * 2 * 3 * 3


def test_what_does_not_belong_together_is_refused(root: Path) -> None:
    first, second = ask_shards(root, 2)
    with pytest.raises(StudyError, match="is named twice"):
        merge([first, first.parent / first.name], None)
    shutil.copytree(first, root / "runs" / "again")
    with pytest.raises(StudyError, match="is shard 1, as is"):
        merge([first, root / "runs" / "again"], None)
    copy = root / "runs" / "copy"
    shutil.copytree(second, copy)
    content = json.loads((copy / "manifest.json").read_text())

    def changed(**entries: object) -> Path:
        (copy / "manifest.json").write_text(json.dumps(content | entries))
        return copy

    with pytest.raises(StudyError, match="is of another plan"):
        merge([first, changed(shard=content["shard"] | {"plan": "another"})], None)
    with pytest.raises(StudyError, match=r"differs from .* in model sim"):
        merge([first, changed(decides=content["decides"] | {"model sim": "other weights"})], None)
    with pytest.raises(StudyError, match="is no shard of a run"):
        merge([first, changed(shard=None)], None)
    changed()
    shutil.rmtree(copy / "responses")
    shutil.copytree(first / "responses", copy / "responses")
    with pytest.raises(StudyError, match="again that"):
        merge([first, copy], None)
    assert not (root / "runs" / "small").exists()


def test_a_share_of_another_plan_does_not_go_on(root: Path) -> None:
    run(load(root), root / "runs", False, silent, shard=Shard(1, 2))
    with pytest.raises(StudyError, match="is a share of a plan of 54 questions"):
        run(load(root, limit=2), root / "runs", False, silent, shard=Shard(1, 2))


@pytest.mark.parametrize("text", ["", "3", "0/2", "3/2", "a/b", "-1/2", "1/2/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(StudyError, match="write the third of eight as --shard 3/8"):
        parse_shard(text)
