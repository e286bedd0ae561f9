"""Which answers of another run are taken over: those whose trial is the very same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.studies import ask
from vad.runs.store.reader import read_table

Change = Callable[[Path], None]


def edit(file: str, old: str, new: str) -> Change:
    def change(root: Path) -> None:
        path = root / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


DECIDES: dict[str, Change] = {
    "prompt": edit("signatures/action.py", "You take part", "You are taking part"),
    "wording of the question": edit("signatures/agreement.toml", "agree or disagree", "hold"),
    "model revision": edit("experiments/models.toml", "[sim]", '[sim]\nrevision = "2"'),
    "model": edit("experiments/sim.py", '"A"', '"B"'),
    "constraint": edit("signatures/action.py", "max_length=400", "max_length=300"),
    "sampling": edit("experiments/other.toml", "repeats", "temperature = 0.7\nrepeats"),
    "sampling of the profile": edit(
        "experiments/models.toml", "[sim]", "[sim]\nsampling = { top_k = 3 }"
    ),
    "decoding": edit("experiments/other.toml", "repeats", 'decoding = "free"\nrepeats'),
    "backend": edit("experiments/other.toml", "repeats", 'backend = "xgrammar"\nrepeats'),
    "seed": edit("experiments/other.toml", "repeats", "seed = 1\nrepeats"),
}
PACE: dict[str, Change] = {
    "nothing": lambda root: None,
    "pace": edit("experiments/models.toml", "[sim]", "[sim]\nconcurrency = 2"),
    "a note": edit("experiments/models.toml", "[sim]", '[sim]\nabout = "always A"'),
    "another persona": edit("personas/explicit.py", "These are", "Here are"),
}


def baseline(root: Path, change: Change) -> "list[str | None]":
    """From which run each baseline answer of a second experiment of the study was taken."""
    (root / "experiments" / "other.toml").write_text(
        (root / "experiments" / "small.toml").read_text().replace("explicit", "bold")
    )
    ask(root)
    change(root)
    rows = read_table(ask(root, "other").folder, "responses")
    found = rows[(rows["persona"] == "baseline") & (rows["question"] == "action")]
    if change is DECIDES["wording of the question"]:
        found = rows[(rows["persona"] == "baseline") & (rows["question"] == "value")]
    assert len(found) == 9
    return [one if isinstance(one, str) else None for one in found["reused"]]


@pytest.mark.parametrize("what", DECIDES)
def test_an_answer_to_anything_else_is_not_taken_over(root: Path, what: str) -> None:
    assert set(baseline(root, DECIDES[what])) == {None}


@pytest.mark.parametrize("what", PACE)
def test_the_same_baseline_is_taken_over_and_marked(root: Path, what: str) -> None:
    assert set(baseline(root, PACE[what])) == {"small"}
