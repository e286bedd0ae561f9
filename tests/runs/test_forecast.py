"""The forecast: which conversations are asked for it, and what it leaves behind."""

from itertools import islice, pairwise
from pathlib import Path

from tests.helpers.commands import Vad
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.runs.forecast import PLACES, TIMED, Forecast, sample
from vad.study.loader import Study


def test_the_interval_is_no_wider_than_a_fifth_to_either_side() -> None:
    made = Forecast("m", "auto", 100, start=1, timed=60, asked=90, seconds=50.0, width=0.2)
    assert made.interval == (40.0, 60.0)


def test_conversations_come_in_stretches_of_neighbours_from_places_all_over_the_plan(
    study: Study,
) -> None:
    path = study.root / "experiments" / "small.toml"
    queue = make_plan(load_experiment(study, path, limit=40)).conversations
    place = {id(one): number for number, one in enumerate(queue)}
    asked = [place[id(one)] for one in islice(sample(queue, 0), 240)]
    stretch = TIMED // PLACES
    steps = [b - a for a, b in pairwise(asked)]
    assert steps.count(1) == 240 - 240 // stretch
    assert len(set(asked)) == 240
    assert sorted(asked)[0] == 0
    assert sorted(asked)[-1] >= len(queue) * (PLACES - 1) // PLACES
    # Each stretch goes on where the one before it from that place ended.
    assert asked[stretch * PLACES] == asked[stretch - 1] + 1


def test_check_says_how_long_it_will_take_and_writes_nothing(vad: Vad, root: Path) -> None:
    done = vad("check", "small", "--limit", "20", "--calibrate")
    assert done.returncode == 0, done.stderr
    assert "60 timed while the engine was full" in done.stdout
    assert not (root / "runs").exists()


def test_check_counts_prompt_tokens_with_and_without_shared_prefixes(vad: Vad) -> None:
    done = vad("check", "small", "--model", "pocket")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    place = next(n for n, line in enumerate(lines) if "prompt tokens" in line)
    every = int(lines[place].split("tokens")[1].split()[0].replace(",", ""))
    computed = int(lines[place + 1].split()[0].replace(",", ""))
    assert 54 * 32 < computed < 0.6 * every
