"""Optimising: what is planted is found, what is not is not shown, the test part stays shut."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pandas as pd
import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import respond
from tests.helpers.studies import load
from vad.analysis.power.respondent import Respondent, positions
from vad.analysis.power.simulation import planted_engine
from vad.analysis.results import open_run
from vad.design.experiment import Experiment, load_experiment
from vad.design.plan import make_plan
from vad.engines.base import Call
from vad.engines.simulated import SimulatedEngine
from vad.errors import EngineFailure, StudyError
from vad.runs.guarantee.certificate import certify
from vad.runs.run import run
from vad.study.loader import Study
from vad.study.scaffold import new_file
from vad.study.scenarios import load_topics
from vad.tools.optimize.objective import load_objective
from vad.tools.optimize.optimizers import OPTIMIZERS, Optimization
from vad.tools.optimize.result import OptimizationResult
from vad.tools.optimize.save import optimize_program
from vad.tools.optimize.scoreboard import paired_difference
from vad.tools.optimize.search import optimize
from vad.tools.optimize.split import split

NOISY, STEADY = Respondent(noise=1.0), Respondent(noise=0.02)
APART, TOGETHER = Respondent(coherence=0.0), Respondent(coherence=0.95)
MAGIC = "Answer as you would on any other day."
Answer = Callable[[Call], str]


def one_condition(root: Path, limit: int, **overrides: Any) -> Experiment:
    """The baseline alone."""
    text = f'model = "sim"\nrepeats = 3\nlimit = {limit}\n'
    return load(root, "plain", text, **overrides)


def planted(
    experiment: Experiment,
    plain: Respondent,
    better: Respondent,
    has_it: Callable[[Call], bool],
) -> Answer:
    """A respondent that is another where a call has what is planted; it also writes proposals."""
    count = len(experiment.scenarios["dilemmas"])
    held = positions([plain], count, np.random.default_rng(5))
    as_it_is = planted_engine(experiment, [plain], held)
    instead = planted_engine(
        experiment, [better], positions([better], count, np.random.default_rng(5))
    )

    def answer(call: Call) -> str:
        wanted = call.messages[-1]["content"].splitlines()[-1]
        if '"value"' in wanted or '"action"' in wanted:
            return instead(call) if has_it(call) else as_it_is(call)
        # One proposal in three has what makes the difference.
        proposed = MAGIC if call.seed % 3 == 0 else f"Way {call.seed % 1000}."
        return json.dumps(dict.fromkeys(re.findall(r'"(\w+)": "<', wanted), proposed))

    return answer


def found_by(
    optimizer: str, objective: str, experiment: Experiment, answer: Answer, root: Path
) -> OptimizationResult:
    runs = root / "runs"
    runs.mkdir(exist_ok=True)
    return optimize(
        experiment,
        optimizer,
        load_objective(experiment.study, objective, "test"),
        runs,
        root / "optimizer.log",
        lambda said: None,
        lambda *_: SimulatedEngine(answer),
    )


def demos(call: Call) -> bool:
    return len(call.messages) > 2


def instructed(call: Call) -> bool:
    return MAGIC in call.messages[0]["content"]


PLANTED = {
    "bootstrap": demos,
    "bootstrap_search": demos,
    "copro": instructed,
    "gepa": instructed,
    "mipro": instructed,
}


@pytest.mark.parametrize(("optimizer", "has_it"), PLANTED.items())
def test_an_improvement_that_is_planted_is_found(
    root: Path, optimizer: str, has_it: Callable[[Call], bool]
) -> None:
    experiment = one_condition(root, 40)
    answer = planted(experiment, NOISY, STEADY, has_it)
    found = found_by(optimizer, "repeat_agreement", experiment, answer, root)
    assert found.test.low > 0.1, "repeats agree far more often where it is"
    assert found.test.after > 0.5
    assert found.history[0].state == found.before
    best = max(found.history, key=lambda one: one.validation)
    assert best.validation > found.history[0].validation + 0.2
    assert not found.failed


def test_a_nearer_action_is_found_by_a_gap_that_takes_scenarios_together(root: Path) -> None:
    experiment = one_condition(root, 200)
    answer = planted(experiment, APART, TOGETHER, demos)
    found = found_by("bootstrap", "corrected_gap", experiment, answer, root)
    assert found.test.units >= 5
    assert found.test.before == pytest.approx(0, abs=0.15)
    assert found.test.low > 0.1


@pytest.mark.parametrize("seed", [2026, 1, 2])
def test_where_nothing_is_planted_the_interval_covers_nothing_found(root: Path, seed: int) -> None:
    experiment = one_condition(root, 60, seed=seed)
    answer = planted(experiment, NOISY, NOISY, demos)
    found = found_by("bootstrap", "repeat_agreement", experiment, answer, root)
    assert found.after != found.before
    assert found.test.low < 0 < found.test.high


def test_a_difference_is_one_of_scenarios_each_counting_once() -> None:
    before = np.array([0.0, 0.5, 0.2, np.nan])
    after = np.array([1.0, 0.5, 0.4, 1.0])
    one = paired_difference(before, after, ["a", "a", "b", "c"])
    assert one.before == pytest.approx((0.25 + 0.2) / 2)
    assert one.after == pytest.approx((0.75 + 0.4) / 2)
    assert one.difference == pytest.approx(0.35)
    assert (one.units, one.missing) == (2, 1)
    assert one.low < 0.35 < one.high


def test_an_optimiser_sees_the_train_and_validation_parts_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Optimization] = []

    def looks(task: Optimization) -> dspy.Module:
        given.append(task)
        return task.student

    monkeypatch.setitem(OPTIMIZERS, "looks", looks)
    experiment = one_condition(root, 40)
    asked: list[str] = []

    def answer(call: Call) -> str:
        asked.append(call.messages[-1]["content"])
        name = "value" if '"value"' in asked[-1] else "action"
        return json.dumps({"reasoning": "So.", name: "A"})

    found = found_by("looks", "repeat_agreement", experiment, answer, root)
    parts = split(
        experiment.scenarios["dilemmas"], [*load_topics(experiment.study)], experiment.base.seed
    )
    texts = {part: {one.text for one in mine} for part, mine in parts.items()}
    (task,) = given
    assert {one.scenario for one in task.train} <= texts["train"]
    assert {one.scenario for one in task.validation} <= texts["validation"]
    before = sum(len(calls) for stage, calls in found.calls.items() if stage != "test")
    early, late = asked[:before], asked[before:]
    assert not [text for text in texts["test"] if any(text in prompt for prompt in early)]
    assert all(any(text in prompt for text in texts["test"]) for prompt in late)


ASKS = "which is none of the examples given"
CALLS = "a call was to ask about the test part"
OPENS = r"opens scenarios/dilemmas.jsonl, and the test part is not to be seen while optimising"

CHEATS = {
    OPENS: """
from pathlib import Path

def score(answered):
    scenarios = Path(__file__).parent.parent / "scenarios" / "dilemmas.jsonl"
    return float(len(scenarios.read_text()) > 0)
""",
    CALLS: """
import dspy

class Ask(dspy.Signature):
    '''Say what you think.'''

    scenario: str = dspy.InputField()
    thoughts: str = dspy.OutputField(max_length=100)

def score(answered):
    dspy.Predict(Ask)(scenario={text!r})
    return 1.0
""",
}


@pytest.mark.parametrize("message", CHEATS)
@pytest.mark.parametrize("optimizer", ["bootstrap", "bootstrap_search", "copro"])
def test_an_objective_that_reaches_for_the_test_part_is_refused(
    root: Path, message: str, optimizer: str
) -> None:
    experiment = one_condition(root, 40)
    topics = [*load_topics(experiment.study)]
    test = split(experiment.scenarios["dilemmas"], topics, experiment.base.seed)["test"]
    asked = {trial.scenario.id for trial in make_plan(experiment).trials}
    text = next(one.text for one in test if one.id in asked)
    cheat = CHEATS[message].replace("{text!r}", repr(text))
    (root / "objectives" / "cheat.py").write_text(cheat)
    answer = planted(experiment, NOISY, STEADY, demos)
    with pytest.raises(StudyError, match=message) as refused:
        found_by(optimizer, "cheat", experiment, answer, root)
    assert refused.value.where.startswith("objectives/cheat.py")


def test_an_objective_is_not_to_look_when_it_is_loaded_either(root: Path, vad: Vad) -> None:
    one_condition(root, 40)
    (root / "objectives" / "cheat.py").write_text(
        "from pathlib import Path\n"
        'seen = (Path(__file__).parent.parent / "scenarios" / "dilemmas.jsonl").read_text()\n'
        "def score(answered):\n    return 1.0\n"
    )
    done = vad("optimize", "plain", "--optimizer", "bootstrap", "--objective", "cheat")
    assert done.returncode == 2
    assert done.stderr.startswith("objectives/cheat.py: line 2\n  opens scenarios/dilemmas.jsonl")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 3


def test_an_optimiser_that_asks_about_a_scenario_it_was_not_given_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = one_condition(root, 40)
    topics = [*load_topics(experiment.study)]
    test = split(experiment.scenarios["dilemmas"], topics, experiment.base.seed)["test"]

    def asks(task: Optimization) -> dspy.Module:
        task.student(case=f"0 {test[0].id}", persona="", scenario="")
        return task.student

    monkeypatch.setitem(OPTIMIZERS, "asks", asks)
    answer = planted(experiment, NOISY, STEADY, demos)
    with pytest.raises(StudyError, match=ASKS):
        found_by("asks", "repeat_agreement", experiment, answer, root)


BROKEN = {
    "def score(answered):\n    return answered.nothing\n": "line 2\n  AttributeError",
    "def score(answered):\n    return 'good'\n": "score\n  returned 'good'\n  an objective is",
    "def score(answered):\n    return 2.0\n": "score\n  returned 2.0",
    "def score(answered):\n    return float('nan')\n": "is undefined for every example of the tra",
    "def rate(answered):\n    return 1.0\n": "defines no function score",
    "def score(one, other):\n    return 1.0\n": "score takes 2 arguments, and is given one",
    "ASKS = ['levels']\ndef score(answered):\n    return 1.0\n": r"ASKS\n  found \['levels'\]; the",
    "TOGETHER = 0\ndef score(answered):\n    return 1.0\n": "TOGETHER\n  found 0; it is a number",
    "TOGETHER = 99\ndef score(answered):\n    return 1.0\n": "leaves no example for the train part",
}


@pytest.mark.parametrize("text", BROKEN)
def test_an_objective_that_breaks_its_contract_is_told(root: Path, text: str) -> None:
    (root / "objectives" / "broken.py").write_text(text)
    experiment = one_condition(root, 40)
    answer = planted(experiment, NOISY, STEADY, demos)
    with pytest.raises(StudyError, match=BROKEN[text]):
        found_by("bootstrap", "broken", experiment, answer, root)


def test_a_new_objective_runs_as_it_is_written(root: Path) -> None:
    new_file(Study(root), "objective", "mine")
    experiment = one_condition(root, 40)
    answer = planted(experiment, NOISY, STEADY, demos)
    found = found_by("bootstrap", "mine", experiment, answer, root)
    assert 0 < found.test.before < 1


def test_several_programs_or_models_are_refused_with_the_flag_that_names_one(root: Path) -> None:
    path = root / "experiments" / "plain.toml"
    path.write_text('model = "sim"\nlimit = 40\n[vary]\nprogram = ["direct", "letter_only"]\n')
    experiment = load_experiment(Study(root), path)
    with pytest.raises(StudyError, match="found direct, letter_only\n  name one: --program dir"):
        found_by("bootstrap", "repeat_agreement", experiment, lambda call: "", root)


def test_an_unknown_optimiser_is_told_with_the_nearest(root: Path) -> None:
    with pytest.raises(StudyError, match=r'no optimizer "mipros".*\n  did you mean "mipro"'):
        found_by("mipros", "fidelity", one_condition(root, 40), lambda call: "", root)


def test_an_engine_that_gives_no_answer_leaves_the_objective_undefined(root: Path) -> None:
    def fails(call: Call) -> str:
        raise EngineFailure("no")

    with pytest.raises(StudyError, match="is undefined for every example of the train part"):
        found_by("bootstrap", "repeat_agreement", one_condition(root, 40), fails, root)


LEARNS = """
import json, random, re

def answer(call):
    asked = call.messages[-1]["content"]
    name = re.findall('"(value|action|level)"', asked)[-1]
    steady = len(call.messages) > 2
    letters = re.findall(r"^([A-F])[.] ", asked, re.M)
    if name == "level" and steady:
        variable = re.search("fits you best: (.*?), that is", asked)[1]
        mine = re.search(rf"[*] {variable}: .* -> (.*)", asked)
        shown = re.findall(r"^([A-F])[.] (.*)$", asked, re.M)
        options = {text: letter for letter, text in shown}
        return json.dumps({"reasoning": "So.", "level": options[mine[1]]})
    return json.dumps({"reasoning": "So.", name: random.Random(call.seed).choice(letters)})
"""


@pytest.fixture
def learner(root: Path) -> Path:
    """A study whose model reads its persona's levels only if it is shown how."""
    respond(root, LEARNS)
    (root / "experiments" / "who.toml").write_text(
        'model = "sim"\nlimit = 2\n'
        '[only]\npersonas = ["maximal_1", "maximal_4", "moderate_1"]\n'
        '[vary]\nformat = ["none", "explicit"]\n'
    )
    return root


def test_a_program_found_is_named_in_an_experiment_like_any_other(learner: Path, vad: Vad) -> None:
    optimised = ("optimize", "who", "--optimizer", "bootstrap", "--objective", "fidelity")
    done = vad(*optimised, "--program", "two_steps", "--name", "reads_itself")
    assert done.returncode == 0, done.stderr
    assert "fidelity on the test part" in done.stdout
    assert "signatures/reads_itself.py" in done.stdout
    assert {path.name for path in (learner / "signatures").glob("reads_itself*")} == {
        "reads_itself.py",
        "reads_itself.level.json",
    }
    (learner / "experiments" / "after.toml").write_text(
        'model = "sim"\nlimit = 1\nasks = ["value", "action", "level"]\nformat = "explicit"\n'
        '[only]\npersonas = ["maximal_1"]\n[vary]\nprogram = ["two_steps", "reads_itself"]\n'
    )
    assert vad("check", "after").returncode == 0
    study = Study(learner)
    path = learner / "experiments" / "after.toml"
    outcome = run(load_experiment(study, path), learner / "runs", False, lambda state: None)
    told = open_run(outcome.folder).manipulation_check("program").set_index("program")["fidelity"]
    assert told["reads_itself"] == 1
    assert told["two_steps"] < 0.9
    again = vad(*optimised, "--name", "reads_itself")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_history_cost_and_every_call_are_kept(learner: Path) -> None:
    _, path = optimize_program(
        Study(learner),
        learner / "experiments" / "who.toml",
        "bootstrap",
        "fidelity",
        "",
        learner / "runs",
        lambda said: None,
        {},
    )
    folder = learner / "runs" / "optimize" / path.stem
    record = json.loads((folder / "optimize.json").read_text())
    calls = pd.read_parquet(folder / "calls.parquet")
    history = pd.read_csv(folder / "history.csv")
    assert path.name == "direct_bootstrap_fidelity.py"
    assert [*calls["stage"].unique()] == [*record["cost"]]
    spent = record["cost"].values()
    assert sum(one["calls"] for one in spent) == len(calls)
    assert sum(one["prompt_tokens"] for one in spent) == calls["prompt_tokens"].sum()
    assert history["validation"].notna().all()
    assert record["test"]["difference"] > 0.2
    assert set(record["scenarios"]["train"]).isdisjoint(record["scenarios"]["test"])
    told = calls[calls["stage"] == "test"]["messages"].map(json.loads)
    assert {len(one) for one in told} > {2}, "the program as it is and one with demos"
    kept = json.loads((learner / "signatures" / f"{path.stem}.level.json").read_text())
    assert kept["demos"]
    assert not kept["lm"]


def test_the_answers_of_all_candidates_are_held_to_their_language(learner: Path) -> None:
    seen: list[Call] = []

    def answer(call: Call) -> str:
        seen.append(call)
        name = re.findall('"(value|action)"', call.messages[-1]["content"])[-1]
        return json.dumps({"reasoning": "So.", name: "A"})

    found_by("bootstrap_search", "repeat_agreement", one_condition(learner, 40), answer, learner)
    assert all(call.constrained and call.regex and call.max_tokens for call in seen)


@pytest.mark.engine
def test_bootstrap_finds_a_program_on_the_embedded_model_that_fits_and_runs(
    root: Path, vad: Vad
) -> None:
    profiles = root / "experiments" / "models.toml"
    profiles.write_text(profiles.read_text().replace("1536", "8192"))
    (root / "experiments" / "few.toml").write_text(
        'model = "pocket"\nprogram = "letter_only"\nrepeats = 2\nlimit = 12\n'
    )
    done = vad(
        *("optimize", "few", "--optimizer", "bootstrap", "--objective", "repeat_agreement"),
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert "95% interval" in done.stdout
    name = "letter_only_bootstrap_repeat_agreement"
    saved = json.loads((root / "signatures" / f"{name}.action.json").read_text())
    assert 1 <= len(saved["demos"]) <= 4
    calls = pd.read_parquet(root / "runs" / "optimize" / name / "calls.parquet")
    assert (calls["finish_reason"] == "stop").all()
    path = root / "experiments" / "few.toml"
    tuned = load_experiment(Study(root), path, program=name, limit=1)
    assert certify(make_plan(tuned), "pocket").context
