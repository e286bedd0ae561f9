"""The bench: what is asked, what its figures are, and that every way answers."""

import pytest

from tests.helpers.commands import Vad
from vad.design.experiment import load_experiment
from vad.errors import StudyError
from vad.study.loader import Study
from vad.tools.bench.rounds import BenchTask, Round, choose, ratio, spread


def test_ratios_are_taken_within_a_round_and_the_middle_one_counts() -> None:
    quick = [Round(1.0, 0.1, 10, 0), Round(2.0, 0.2, 10, 0), Round(4.0, 0.4, 10, 0)]
    slow = [Round(2.0, 0.5, 10, 0), Round(2.0, 0.5, 10, 0), Round(16.0, 0.5, 10, 0)]
    assert [one.rate for one in quick] == [10.0, 5.0, 2.5]
    assert ratio(quick, slow, lambda one: one.rate) == [2.0, 1.0, 4.0]
    assert spread([2.0, 1.0, 4.0]) == (2.0, 1.0, 4.0)
    assert quick[1].cost == 20.0


def test_whole_scenarios_are_asked_about_as_many_as_come_to_the_questions_wanted(
    study: Study,
) -> None:
    path = study.root / "experiments" / "small.toml"
    # Three conditions, two questions, three repeats: 18 questions a scenario.
    experiment = load_experiment(study, path, limit=100, model="pocket")
    assert choose(experiment, 100, "raw, run") == (
        BenchTask(study.root, path, "pocket", 5),
        ["raw", "run"],
    )
    assert choose(experiment, 1, "run")[0].limit == 1


@pytest.mark.parametrize(
    ("model", "program", "ways", "told"),
    [
        ("sim", "direct", "run", "a bench asks one model on vLLM"),
        ("pocket", "direct", "fast", 'no way "fast"'),
        ("pocket", "two_steps", "run", "makes several LM calls a question"),
    ],
)
def test_what_cannot_be_benched_is_refused(
    study: Study, model: str, program: str, ways: str, told: str
) -> None:
    path = study.root / "experiments" / "small.toml"
    with pytest.raises(StudyError, match=told):
        choose(load_experiment(study, path, model=model, program=program), 10, ways)


def test_an_engine_that_answers_at_once_is_asked_ten_times_as_much(vad: Vad) -> None:
    ran = ("bench", "small", "--model", "pocket", "--questions", "18", "--rounds", "1")
    done = vad(*ran, "--ways", "simulated")
    assert done.returncode == 0, done.stderr
    assert "0 of 180" in done.stdout


@pytest.mark.engine
@pytest.mark.slow
def test_raw_run_and_dspy_answer_every_question(vad: Vad) -> None:
    ran = ("bench", "small", "--model", "pocket", "--questions", "36", "--rounds", "1")
    done = vad(*ran, "--ways", "raw,run,dspy", timeout=500)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("of 36") == 3
    assert "outside vLLM, run less raw" in done.stdout
