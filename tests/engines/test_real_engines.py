"""The real engines on the embedded model: constraints in force, nothing left running."""

import asyncio
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from tests.helpers.commands import Vad, begun_anew, forked
from tests.helpers.studies import REPOSITORY
from vad.constraints.language import Language
from vad.design.experiment import load_experiment
from vad.design.plan import make_plan
from vad.engines.base import Call, Engine, Reply
from vad.engines.factory import make_engine
from vad.engines.profiles import load_profile
from vad.engines.tokenizer import Tokenizer
from vad.errors import ProgramFault
from vad.runs.conversation import converse
from vad.runs.prefix_order import in_prefix_order
from vad.runs.run import answer_plan, prepare_run
from vad.runs.session import Session
from vad.runs.store.reader import read_manifest, read_table
from vad.study.loader import find_study
from vad.study.models import PUBLISHED

pytestmark = pytest.mark.engine

STUDY = find_study(REPOSITORY)
POCKET = load_profile(STUDY, "pocket", "test")
PLAN = make_plan(
    load_experiment(STUDY, REPOSITORY / "experiments" / "pocket_quickstart.toml", limit=2)
)


def canary(constrained: bool = True) -> Call:
    text = "canary-4b1d"
    messages = [{"role": "user", "content": "Say hello."}]
    return Call(messages, Language(text, text), constrained, 1.0, 1.0, 0, 7)


async def held(engine: Engine, count: int) -> list[dict[str, Any]]:
    """The answers of the first conversations of pocket_quickstart, all constrained."""
    sessions = [
        (one, Session(engine, one.trials[0].key, PUBLISHED, constrained=True))
        for one in PLAN.conversations[:count]
    ]
    return list(await asyncio.gather(*(converse(one, session) for one, session in sessions)))


def test_transformers_with_outlines_own_processor_answers_within_the_language(
    tmp_path: Path,
) -> None:
    model = POCKET.model_copy(update={"engine": "transformers", "engine_args": {}})
    engine = make_engine(model, STUDY, "auto", tmp_path / "log")

    async def go() -> tuple[Reply, list[dict[str, Any]], list[dict[str, Any]]]:
        await engine.start()
        try:
            return await engine.answer(canary()), await held(engine, 9), await held(engine, 9)
        finally:
            await engine.close()

    reply, first, second = asyncio.run(go())
    assert (reply.text, reply.finish_reason) == ("canary-4b1d", "stop")
    assert all(set(fields) in ({"reasoning", "value"}, {"reasoning", "action"}) for fields in first)
    assert first == second


def test_a_prompt_longer_than_the_context_is_the_programs_fault_and_no_answer(
    tmp_path: Path,
) -> None:
    model = POCKET.model_copy(
        update={"engine": "transformers", "engine_args": {}, "max_model_len": 200}
    )
    engine = make_engine(model, STUDY, "auto", tmp_path / "log")

    async def go() -> None:
        await engine.start()
        try:
            await held(engine, 1)
        finally:
            await engine.close()

    with pytest.raises(ProgramFault, match="exceed the context of 200"):
        asyncio.run(go())


def test_of_pockets_tokens_only_special_ones_decode_to_nothing_and_its_text_reads_back() -> None:
    tokens = Tokenizer(POCKET, STUDY)
    special = set(tokens.tokenizer.all_special_ids)
    assert set(tokens.silent) == special - {tokens.tokenizer.eos_token_id}
    text = PLAN.conversations[0].inputs["scenario"]
    assert tokens.tokenizer.decode(tokens.ids(text)) == text
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(tokens.source)
    assert tokens.ids(text) == theirs(text, add_special_tokens=False)["input_ids"]


def engine_processes() -> dict[int, int]:
    """Engine processes that are there, each with the run that its environment names."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = path.read_bytes().split(b"\0")
        except OSError:
            continue
        runs = [entry[12:] for entry in environment if entry.startswith(b"VAD_RUN_PID=")]
        if runs and int(runs[0]) != int(path.parent.name):
            found[int(path.parent.name)] = int(runs[0])
    return found


def orphans() -> set[int]:
    """Engine processes whose run is no longer there."""
    running = engine_processes().items()
    return {process for process, run in running if not Path("/proc", str(run)).exists()}


def all_gone() -> bool:
    """Whether no orphan is left, waiting up to ten seconds for the kernel."""
    for _ in range(50):
        if not orphans():
            return True
        time.sleep(0.2)
    return False


def prefix_reuse(folder: Path) -> float:
    calls = read_table(folder, "calls")
    return float(calls["cached_tokens"].sum() / calls["prompt_tokens"].sum())


def stop(running: "subprocess.Popen[str]", how: str) -> str:
    """Stop a run, or its engine, as soon as it has written another answer; what it then says."""
    if how == "engine":
        for process, run in engine_processes().items():
            if run == running.pid:
                os.kill(process, signal.SIGKILL)
    else:
        running.send_signal(signal.Signals[how])
    return running.communicate(timeout=120)[1]


@pytest.mark.slow
def test_vllm_stopped_in_three_ways_goes_on_to_every_trial_once_and_leaves_no_process(
    root: Path, vad: Vad
) -> None:
    path = root / "experiments" / "small.toml"
    path.write_text(
        path.read_text().replace('"sim"', '"pocket"').replace("limit = 3", "limit = 100")
    )
    command = [sys.executable, "-m", "vad.cli", "run", "small"]
    folder = root / "runs" / "small"
    seen: dict[str, str] = {}
    for how, code in (("SIGKILL", -9), ("engine", 3), ("SIGTERM", 130)):
        running = subprocess.Popen(
            command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        parts = set(folder.glob("journal/pocket/*.jsonl"))
        for _ in range(600):
            if set(folder.glob("journal/pocket/*.jsonl")) - parts or running.poll() is not None:
                break
            time.sleep(0.2)
        told = stop(running, how)
        assert running.returncode == code, told
        assert "Traceback" not in told
        if how != "SIGKILL":
            assert "every answer so far is saved" in told
        assert all_gone(), f"engine processes outlived their run, stopped by {how}"
        rows = read_table(folder, "responses")
        assert len(rows) > len(seen)
        texts = dict(zip(rows["trial"] + rows["persona"], rows["text"], strict=True))
        assert seen.items() <= texts.items()
        seen = texts
    done = vad("run", "small", timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"{len(seen)} answered before" in done.stdout
    rows = read_table(folder, "responses")
    assert len(rows) == 100 * 2 * 3 * 3
    assert (
        seen.items()
        <= dict(zip(rows["trial"] + rows["persona"], rows["text"], strict=True)).items()
    )
    assert not rows.duplicated(["trial", "persona", "format"]).any()
    assert rows["valid"].all()
    assert set(rows["finish_reason"]) == {"stop"}
    manifest = read_manifest(folder)
    assert manifest is not None
    assert "0 asked now" in vad("run", "small").stdout
    again = read_manifest(folder)
    assert again is not None
    assert again["certificates"]["pocket"] == manifest["certificates"]["pocket"]
    assert manifest["certificates"]["pocket"]["canary"] is True
    assert manifest["engines"]["pocket"]["notes"]["backend"] == "outlines"
    assert prefix_reuse(folder) > 0.3
    assert all_gone(), "engine processes outlived a run that ended by itself"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_stopped_with_all_its_processes_while_vllm_starts_ends_at_once(
    root: Path, number: signal.Signals
) -> None:
    path = root / "experiments" / "small.toml"
    path.write_text(path.read_text().replace('"sim"', '"pocket"'))
    running = subprocess.Popen(
        [sys.executable, "-m", "vad.cli", "run", "small"],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(600):
        if running.pid in engine_processes().values() or running.poll() is not None:
            break
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(running.pid, number)
    told = running.communicate(timeout=60)[1]
    assert running.returncode == 130, told
    assert "stopped; every answer so far is saved" in told, told
    assert all_gone()


@pytest.fixture(scope="module")
def decodings(copied: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `small_models` on pocket, its baseline and one persona, as hot as answers get."""
    root = tmp_path_factory.mktemp("decodings") / "study"
    shutil.copytree(copied, root)
    path = root / "experiments" / "small_models.toml"
    path.write_text(
        "temperature = 1.0\ntop_p = 1.0\ntop_k = 0\n"
        + path.read_text()
        + '\n[only]\npersonas = ["maximal_1"]\n'
    )
    arguments = ("run", "small_models", "--model", "pocket", "--limit", "20")
    done = begun_anew(arguments, root, timeout=500)
    assert done.returncode == 0, done.stderr
    return root / "runs" / "small_models"


def test_free_and_constrained_side_by_side_on_vllm(decodings: Path) -> None:
    rows = read_table(decodings, "responses")
    unreadable = 1 - rows[rows["format"] == "none"].groupby("decoding")["valid"].mean()
    assert unreadable["constrained"] == 0
    assert 0.02 <= unreadable["free"] <= 0.40
    assert rows[~rows["valid"]]["score"].isna().all()


def test_an_engine_argument_vllm_does_not_know_is_named_with_the_nearest(
    root: Path, vad: Vad
) -> None:
    with (root / "experiments" / "models.toml").open("a") as out:
        out.write(f'\n[odd]\nweights = "{POCKET.folder(STUDY)}"\nmax_model_len = 1536\n')
        out.write("engine_args = { quantisation = 'awq' }\n")
    told = vad("run", "small", "--model", "odd", timeout=200)
    assert told.returncode == 2, told.stderr
    assert "models.toml: odd.engine_args.quantisation" in told.stderr
    assert 'did you mean "quantization"?' in told.stderr


def test_the_weights_are_small_and_what_the_card_says() -> None:
    folder = POCKET.folder(STUDY)
    assert folder is not None
    assert sum(path.stat().st_size for path in folder.iterdir()) < 12 * 2**20
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert digest[:12] in (folder / "README.md").read_text()


def test_small_models_compares_every_way_of_decoding_on_the_embedded_model(
    decodings: Path,
) -> None:
    rows = read_table(decodings, "responses")
    counted = rows.groupby("decoding").size()
    assert {"free", "constrained"} <= set(counted.index)
    assert set(counted) == {20 * 2 * 3 * 2}
    assert rows[rows["decoding"] == "constrained"]["valid"].all()
    compared = forked(("compare", str(decodings)), decodings, timeout=300)
    assert compared.returncode == 0, compared.stderr
    assert "constrained" in compared.stdout


@pytest.mark.slow
def test_in_whichever_order_they_are_asked_the_answers_are_distributed_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shuffled(queue: list[Any]) -> list[Any]:
        return random.Random(1).sample(queue, len(queue))

    study = find_study(root)
    path = root / "experiments" / "small.toml"
    experiment = load_experiment(study, path, model="pocket", limit=25)
    runs = []
    for name, order in (("prefix", in_prefix_order), ("shuffled", shuffled)):
        monkeypatch.setattr("vad.runs.run.in_prefix_order", order)
        recorder = prepare_run(make_plan(experiment), root / "runs" / name)
        runs.append(answer_plan(recorder, None, lambda state: None).folder)
    first, second = (read_table(folder, "responses") for folder in runs)
    assert list(first["trial"]) != list(second["trial"])
    both = first.merge(second, on=["trial", "persona", "format"])
    assert len(both) == len(first) == len(second) == 25 * 2 * 3 * 3
    for question, mine in both.groupby("question_x"):
        # The seed is the trial's, so they are mostly the very same; batches round differently.
        equal = (mine["option_x"] == mine["option_y"]).mean()
        counts = [mine[name].value_counts() for name in ("option_x", "option_y")]
        table = pd.concat(counts, axis=1).fillna(0).to_numpy()
        found = chi2_contingency(table).pvalue
        assert equal > 0.5, question
        assert found > 0.01, question
