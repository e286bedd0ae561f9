"""Every cause that was seen to make constrained answers unreadable: shown, and closed.

The settings are shown on vLLM itself, given what our engine never gives it; each is refused by name
wherever a person could write it.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import dspy
import pytest
from pydantic import BaseModel, Field

from tests.helpers.commands import Vad
from vad.constraints.language import language
from vad.constraints.texts import Unicode
from vad.engines.tokenizer import Tokenizer
from vad.engines.vllm_args import set_environment
from vad.errors import StudyError, Unreadable
from vad.study.loader import Study
from vad.study.models import REFUSED, REFUSED_ARGS, Model
from vad.tools.stress.adversary import build
from vad.tools.stress.independent_parser import parse_independently

ASKED = 64


class Answer(dspy.Signature):
    """."""

    reasoning: str = dspy.OutputField(max_length=40)
    action: Literal["A", "B", "C"] = dspy.OutputField()


class AnswerSchema(BaseModel):
    reasoning: str = Field(min_length=1, max_length=40)
    action: Literal["A", "B", "C"]


HELD = language(Answer)
PROMPT = "Which of them? Answer with one raw JSON object and nothing else."

Answers = Any


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """A function: sampling settings -> how many of 64 answers no strict parser can read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        patch.setenv("VLLM_LOGGING_LEVEL", "ERROR")
        patch.setenv("HF_HUB_OFFLINE", "1")
        from vllm import LLM, SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        folder = tmp_path_factory.mktemp("adversary")
        build(folder, 3_000, "bytes", [PROMPT, HELD.longest], 1)
        llm = LLM(
            str(folder),
            dtype="float32",
            max_model_len=512,
            max_num_seqs=ASKED,
            enable_chunked_prefill=False,
            enforce_eager=True,
            block_size=32,
            structured_outputs_config={"backend": "xgrammar"},
            disable_log_stats=True,
        )
        model = Model.model_validate({"name": "adversary", "weights": str(folder)})
        silent = Tokenizer(model, Study(folder)).silent

        def ask(**settings: Any) -> int:
            constraint = settings.pop("constraint", {"regex": HELD.regex})
            sampling = {"temperature": 2.0, "max_tokens": HELD.max_tokens, "seed": 3} | settings
            given = SamplingParams(
                structured_outputs=StructuredOutputsParams(**constraint),
                logit_bias=dict.fromkeys(silent, -100.0),
                **sampling,
            )
            prompts = [f"{PROMPT} {place}" for place in range(ASKED)]
            found = llm.generate(prompts, given, use_tqdm=False)
            return sum(not readable(each.text) for one in found for each in one.outputs)

        yield ask


def readable(text: str) -> bool:
    try:
        parse_independently(Answer, text)
    except Unreadable:
        return False
    return True


ENDLESS = r'\{"reasoning": "[ !#-\[\]-~]*", "action": "[ABC]"\}'
SPACED = {"json": AnswerSchema.model_json_schema()}
CAUSES: dict[str, dict[str, Any]] = {
    "max_tokens": {"max_tokens": 4},
    "stop": {"stop": ["e"]},
    "stop_token_ids": {"stop_token_ids": list(range(1, 3_000))},
    "ignore_eos": {"ignore_eos": True},
    "bad_words": {"bad_words": ['"', '"}', "}"]},
    "detokenize": {"detokenize": False},
    "an unbounded repeat": {"constraint": {"regex": ENDLESS}},
    "a schema with white space allowed": {"constraint": SPACED},
}


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_makes_answers_unreadable_on_vllm(cause: str, answers: Answers) -> None:
    assert answers(**CAUSES[cause]) > 0


@pytest.mark.engine
@pytest.mark.slow
def test_without_any_of_them_every_answer_is_read(answers: Answers) -> None:
    assert answers() == 0


HARMLESS: list[dict[str, Any]] = [
    *({"top_k": 1}, {"top_p": 0.5}, {"min_p": 0.3}, {"temperature": 0.0}, {"n": 2}),
    *({"repetition_penalty": 2.0}, {"min_tokens": 20}, {"logprobs": 5}),
]


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("settings", HARMLESS)
def test_what_was_seen_to_be_harmless_is(settings: dict[str, Any], answers: Answers) -> None:
    assert answers(**settings) == 0


@pytest.mark.parametrize("name", REFUSED_ARGS)
def test_an_engine_argument_that_breaks_answers_is_refused_by_name(
    name: str, root: Path, vad: Vad
) -> None:
    with (root / "experiments" / "models.toml").open("a") as out:
        out.write(f'\n[odd]\nweights = "x/y"\nengine_args = {{ {name} = 1 }}\n')
    told = vad("check", "small", "--model", "odd")
    assert told.returncode == 2
    assert f"models.toml: odd.engine_args.{name}\n  is refused: " in told.stderr


def test_a_setting_that_breaks_answers_is_refused_in_an_experiment_and_in_a_profile(
    root: Path, vad: Vad
) -> None:
    path = root / "experiments" / "small.toml"
    kept = path.read_text()
    path.write_text(f"stop = ['.']\n{kept}")
    told = vad("check", "small")
    assert told.returncode == 2
    assert f"small.toml: stop\n  is refused: {REFUSED['stop']}" in told.stderr
    path.write_text(kept)
    with (root / "experiments" / "models.toml").open("a") as out:
        out.write('\n[odd]\nweights = "x/y"\nignore_eos = true\n')
    told = vad("check", "small")
    assert told.returncode == 2
    assert f"models.toml: odd.ignore_eos\n  is refused: {REFUSED['ignore_eos']}" in told.stderr


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_program_that_sets_it_is_refused(name: str, root: Path, vad: Vad) -> None:
    (root / "signatures" / "odd.py").write_text(
        '"""Odd."""\nimport dspy\nfrom .action import ChooseAction\n'
        f"action = dspy.Predict(ChooseAction, {name}=5)\n"
    )
    path = root / "experiments" / "small.toml"
    path.write_text(f'program = "odd"\n{path.read_text()}')
    told = vad("check", "small")
    assert told.returncode == 2
    assert name in told.stderr
    assert "Traceback" not in told.stderr


class Nested(BaseModel):
    sure: bool
    levels: list[Literal[1, 2, 3]] = Field(min_length=2, max_length=4)


class Everything(dspy.Signature):
    """."""

    thoughts: Unicode = dspy.OutputField(max_length=30)
    degree: int = dspy.OutputField(ge=-2, le=2)
    maybe: str | None = dspy.OutputField(max_length=20)
    nested: Nested = dspy.OutputField()
    action: Literal["A", "B"] = dspy.OutputField()


@pytest.mark.parametrize("signature", [Answer, Everything])
def test_no_anchor_look_around_back_reference_or_optional_space_is_ever_written(
    signature: type[dspy.Signature],
) -> None:
    regex = re.sub(r"\[ !#.*?\]-~.*?\]", "", language(signature).regex)
    assert not {"^", "$", "*", "+"} & set(regex)
    assert "(?=" not in regex
    assert "(?!" not in regex
    assert "(?<" not in regex
    assert not re.search(r"\\\d| [?{]|\\s", regex)


def test_no_constraint_has_a_time_in_which_to_compile_whatever_the_environment_says(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # After its time-out vLLM's outlines backend gives an empty answer, and says nothing.
    name = "VLLM_REGEX_COMPILATION_TIMEOUT_S"
    monkeypatch.setenv(name, "5")
    set_environment(root / "experiments" / "pocket")
    assert os.environ[name] == "0"


def test_a_budget_below_the_bound_is_refused_in_the_call_itself() -> None:
    from vad.errors import Halt
    from vad.runs.session import _refuse

    class Config:
        max_tokens, stop = HELD.max_tokens - 1, None

    with pytest.raises(Halt, match="its answer may take"):
        _refuse(Config, HELD.max_tokens)


def test_an_unbounded_field_is_refused_before_anything_is_asked() -> None:
    class Endless(dspy.Signature):
        """."""

        reasoning: str = dspy.OutputField()

    with pytest.raises(StudyError, match="no budget of tokens could cover it"):
        language(Endless)
