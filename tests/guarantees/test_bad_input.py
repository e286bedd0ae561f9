"""Bad input: one message with file, key, found and right; exit code 2; nothing lost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.commands import Vad
from tests.helpers.studies import POCKET, SMALL
from vad.design.experiment import load_experiment
from vad.errors import StudyError
from vad.study.loader import Study

Change = Callable[[Path], None]


def experiment(old: str, new: str) -> Change:
    def change(root: Path) -> None:
        path = root / "experiments" / "small.toml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


def file(place: str, old: str, new: str) -> Change:
    def change(root: Path) -> None:
        path = root / place
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return change


def first_line(edit: Callable[[str], str]) -> Change:
    def change(root: Path) -> None:
        path = root / "scenarios" / "dilemmas.jsonl"
        first, *rest = path.read_text().splitlines()
        path.write_text("\n".join([edit(first), *rest]) + "\n")

    return change


def without_an_action(line: str) -> str:
    row = json.loads(line)
    del row["options"][4]
    return json.dumps(row)


def model(text: str) -> Change:
    def change(root: Path) -> None:
        with (root / "experiments" / "models.toml").open("a") as out:
            out.write(text)
        experiment('model = "sim"', 'model = "new"')(root)

    return change


def not_utf8(root: Path) -> None:
    (root / "experiments" / "small.toml").write_bytes(b"\xff\xfe = 1\n")


CASES: dict[str, tuple[Change, list[str]]] = {
    "unknown format": (
        experiment('"explicit"]', '"explicit", "statement"]'),
        [
            "experiments/small.toml: vary.format[2]",
            'no persona format "statement"',
            "second_person, statements, table",
            'did you mean "statements"?',
        ],
    ),
    "unknown persona": (
        experiment('"maximal_1"', '"maximal1"'),
        [
            "experiments/small.toml: only.personas",
            'no persona "maximal1"',
            'did you mean "maximal_1"?',
        ],
    ),
    "unknown program": (
        experiment("repeats", 'program = "dirct"\nrepeats'),
        ["experiments/small.toml: program", 'no prompt program "dirct"', 'did you mean "direct"?'],
    ),
    "unknown model": (
        experiment('"sim"', '"pokcet"'),
        ["experiments/small.toml: model", 'no model "pokcet"', 'did you mean "pocket"?'],
    ),
    "unknown scenario file": (
        experiment("repeats", 'scenarios = "dilemma"\nrepeats'),
        ["experiments/small.toml: scenarios", 'no scenario file "dilemma"', '"dilemmas"?'],
    ),
    "unknown key": (
        experiment("repeats", "repeat"),
        ["experiments/small.toml: repeat", 'no setting "repeat"', 'did you mean "repeats"?'],
    ),
    "unknown setting to vary": (
        experiment("format =", "fromat ="),
        ["experiments/small.toml: vary.fromat", 'did you mean "format"?'],
    ),
    "wrong type": (
        experiment("repeats = 3", 'repeats = "three"'),
        ["experiments/small.toml: repeats", "integer", "'three'"],
    ),
    "broken TOML": (
        experiment("[vary]", "[vary"),
        ["experiments/small.toml", "is not valid TOML", "line"],
    ),
    "truncated line": (
        first_line(lambda line: line[:200]),
        ["scenarios/dilemmas.jsonl: line 1", "is not JSON, perhaps cut off"],
    ),
    "missing action": (
        first_line(without_an_action),
        ["scenarios/dilemmas.jsonl: line 1", "missing action: opposed moderate"],
    ),
    "unknown key in a scenario": (
        first_line(lambda line: line.replace('"setting"', '"seting"')),
        ["scenarios/dilemmas.jsonl: line 1", 'no key "seting"', 'did you mean "setting"?'],
    ),
    "unknown value": (
        first_line(lambda line: json.dumps(json.loads(line) | {"value": "Equalty"})),
        ["scenarios/dilemmas.jsonl: line 1", 'no value "Equalty"', 'did you mean "Equality"?'],
    ),
    "persona with a missing variable": (
        file("personas/cultural.toml", 'religiosity = "not very important"\n', ""),
        ["personas/cultural.toml: personas.moderate_1.religiosity", "missing", "very important"],
    ),
    "persona with an unknown level": (
        file("personas/cultural.toml", 'happiness = "rather happy"', 'happiness = "rather hapy"'),
        ["personas/cultural.toml: personas.moderate_1.happiness", 'did you mean "rather happy"?'],
    ),
    "persona with an unknown variable": (
        file("personas/cultural.toml", 'happiness = "rather', 'hapiness = "rather'),
        ["personas/cultural.toml: personas.moderate_1.hapiness", 'did you mean "happiness"?'],
    ),
    "unbounded output field": (
        file("signatures/action.py", ", max_length=400", ""),
        [
            "signatures/action.py: line 16",
            "ChooseAction.reasoning",
            "in: reasoning: str",
            "no budget of tokens could cover it",
            "write: reasoning: str = dspy.OutputField(max_length=400)",
        ],
    ),
    "fewer letters than options": (
        file("signatures/action.py", ', "F"]', "]"),
        ["signatures/direct.py: action", "has 5 answers", "has 6 options"],
    ),
    "an input nobody fills": (
        file("signatures/action.py", "scenario: str", "dilemma: str"),
        ['takes an input "dilemma" that nothing fills', "persona, scenario, value"],
    ),
    "a program that exports nothing": (
        file("signatures/direct.py", "value =", "rating ="),
        ["signatures/direct.py", "exports no value"],
    ),
    "syntax error in a plug-in": (
        file("personas/explicit.py", "return", "retrun"),
        ["personas/explicit.py: line 9", "invalid syntax", "retrun"],
    ),
    "a plug-in that breaks when loaded": (
        file("signatures/action.py", "import dspy\n", "import dspy\n\nNUMBER = 1 / 0\n"),
        ["signatures/action.py: line", "ZeroDivisionError", "NUMBER = 1 / 0"],
    ),
    "a format that breaks on a persona": (
        file("personas/explicit.py", "variable.asks", "variable.ask"),
        ["personas/explicit.py", "render(maximal_1) raised AttributeError"],
    ),
    "a format that returns no text": (
        file("personas/explicit.py", 'return "\\n".join', "return list"),
        ["personas/explicit.py", "it returns a text"],
    ),
    "prompt longer than the context": (
        model(f'\n[new]\nweights = "{POCKET}"\nmax_model_len = 700\n'),
        [
            "experiments/models.toml: new.max_model_len",
            "more than the context of 700",
            "set max_model_len =",
        ],
    ),
    "model folder missing": (
        model('\n[new]\nweights = "./nowhere"\n'),
        ["experiments/models.toml: new.weights", 'there is no "./nowhere"'],
    ),
    "model folder without a tokenizer": (
        model('\n[new]\nweights = "./experiments"\n'),
        ["experiments/models.toml: new.weights", "config.json is missing"],
    ),
    "a setting that breaks answers": (
        model('\n[new]\nweights = "x/y"\nsampling = { stop = ["."] }\n'),
        ["experiments/models.toml: new.sampling.stop", "is refused"],
    ),
    "unknown key in a profile": (
        model('\n[new]\nweights = "x/y"\nengin = "vllm"\n'),
        ["experiments/models.toml: new.engin", 'did you mean "engine"?'],
    ),
    "not UTF-8": (
        not_utf8,
        ["experiments/small.toml", "is not UTF-8"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_message_exit_code_2_and_loses_nothing(
    case: str, root: Path, vad: Vad
) -> None:
    change, said = CASES[case]
    before = root / "runs" / "small" / "manifest.json"
    before.parent.mkdir(parents=True)
    before.write_text('{"experiment": "experiments/small.toml", "decides": {}}')
    change(root)
    told = vad("run", "small")
    assert told.returncode == 2, told.stderr + told.stdout
    assert "Traceback" not in told.stderr
    for part in said:
        assert part in told.stderr
    assert before.read_text() == '{"experiment": "experiments/small.toml", "decides": {}}'
    assert len(told.stderr.strip().splitlines()) <= 5


def test_a_scenario_id_used_twice_is_told_with_both_lines(root: Path, vad: Vad) -> None:
    path = root / "scenarios" / "dilemmas.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n")
    told = vad("check", "small")
    assert told.returncode == 2
    assert f"line {len(lines) + 1}" in told.stderr
    assert "stands in line 2 already" in told.stderr


def test_a_limit_of_zero_is_refused_by_its_flag(vad: Vad) -> None:
    told = vad("run", "small", "--limit", "0")
    assert told.returncode == 2
    assert "--limit" in told.stderr
    assert "greater than or equal to 1, found 0" in told.stderr


def test_an_unknown_experiment_is_told_with_those_there_are(vad: Vad) -> None:
    told = vad("run", "smal")
    assert told.returncode == 2
    assert 'no experiment "smal"' in told.stderr
    assert 'did you mean "small"?' in told.stderr


def test_a_folder_outside_any_study_says_what_a_study_is(tmp_path: Path, vad: Vad) -> None:
    told = vad("list", "--study", str(tmp_path / "nothing"))
    assert told.returncode == 2
    assert "lies in no study" in told.stderr


def test_a_run_folder_without_answers_and_one_that_is_not_there_are_told(
    root: Path, vad: Vad
) -> None:
    for place in ("runs/none", "experiments"):
        told = vad("report", place)
        assert told.returncode == 2
        assert "it is not a run folder" in told.stderr
    (root / "runs" / "none").mkdir(parents=True)
    (root / "runs" / "none" / "manifest.json").write_text('{"experiment": "x", "vary": {}}')
    told = vad("report", "runs/none")
    assert told.returncode == 2
    assert "holds no responses" in told.stderr


def test_a_broken_manifest_is_told(root: Path, vad: Vad) -> None:
    (root / "runs" / "small").mkdir(parents=True)
    (root / "runs" / "small" / "manifest.json").write_text("{")
    told = vad("run", "small")
    assert told.returncode == 2
    assert "manifest.json" in told.stderr
    assert (root / "runs" / "small" / "manifest.json").read_text() == "{"


def test_a_folder_that_cannot_be_written_is_told(root: Path) -> None:
    """Root may write anywhere, so as root the command runs without the right to override modes."""
    sealed = root / "sealed"
    sealed.mkdir()
    sealed.chmod(0o500)
    ordinary = [] if os.getuid() else ["setpriv", "--bounding-set=-dac_override"]
    told = subprocess.run(
        [*ordinary, sys.executable, "-m", "vad.cli", "run", "small", "--runs", str(sealed)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 2, told.stderr
    assert "cannot be written: Permission denied" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_study_used_here_is_sound(vad: Vad) -> None:
    done = vad("check", "small")
    assert done.returncode == 0, done.stderr
    assert "54 questions" in done.stdout
    assert SMALL.startswith("# Two formats")


def test_several_models_on_the_command_line_are_varied_and_a_wrong_one_is_named(
    root: Path, study: Study
) -> None:
    path = root / "experiments" / "small_models.toml"
    both = load_experiment(study, path, model="pocket, sim", limit=1)
    assert both.vary["model"] == ["pocket", "sim"]
    assert list(both.vary) == ["decoding", "format", "model"]
    with pytest.raises(StudyError, match=r'^--model\n.*no model "pokcet".*\n.*"pocket"'):
        load_experiment(study, path, model="sim,pokcet")
    once = load_experiment(study, path, model="sim,sim")
    assert once.vary["model"] == ["sim"]
