"""A real vLLM server on the embedded model: killed half-way, started again, gone on to the end."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.commands import Vad
from tests.helpers.studies import POCKET
from vad.engines.orphans import VARIABLE
from vad.engines.vllm_args import QUIET_ENVIRONMENT
from vad.runs.store.reader import read_manifest, read_table

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@contextmanager
def vllm_server(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server of pocket, up when this begins, gone with its engine processes when it ends."""
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(POCKET)]
    command += ["--served-model-name", "pocket", "--port", str(port), "--dtype", "float32"]
    command += ["--max-model-len", "1536", "--max-num-batched-tokens", "4096", "--max-num-seqs"]
    command += ["8", "--no-enable-chunked-prefill", "--enforce-eager", "--block-size", "32"]
    quiet = QUIET_ENVIRONMENT | {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    mine = {VARIABLE: "1"}  # its own engine processes die with it, as a run's do
    with log.open("ab") as out:
        server = subprocess.Popen(command, env=os.environ | quiet | mine, stdout=out, stderr=out)
    try:
        for _ in range(360):
            if server.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        assert server.poll() is None, log.read_text()[-2000:]
        yield server
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def test_a_server_killed_half_way_stops_the_run_and_the_same_command_goes_on_to_the_last_answer(
    root: Path, vad: Vad
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (root / "experiments" / "models.toml").open("a") as out:
        out.write(
            f'\n[far]\nengine = "server"\nweights = "{POCKET}"\nmax_model_len = 1536\n'
            f'concurrency = 8\nbase_urls = ["http://127.0.0.1:{port}/v1"]\n'
        )
    folder = root / "runs" / "small"
    arguments = ("run", "small", "--model", "far", "--limit", "8")
    command = [sys.executable, "-m", "vad.cli", *arguments]
    with vllm_server(port, root / "server.log") as server:
        asking = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(900):
            if list(folder.glob("journal/far/*.jsonl")) or asking.poll() is not None:
                break
            time.sleep(0.2)
        server.send_signal(signal.SIGKILL)
        _, told = asking.communicate(timeout=300)
    message = told.decode()
    assert asking.returncode == 3, message
    assert "the server of far no longer answers" in message
    assert "every answer so far is saved; the same command goes on" in message
    assert "Traceback" not in message
    before = read_table(folder, "responses")
    assert 0 < len(before) < 8 * 2 * 3 * 3
    with vllm_server(port, root / "server.log"):
        done = vad(*arguments, timeout=400)
    assert done.returncode == 0, done.stderr
    assert f"{len(before)} answered before" in done.stdout
    rows = read_table(folder, "responses")
    assert len(rows) == 8 * 2 * 3 * 3
    assert not rows.duplicated(["trial", "persona", "format"]).any()
    assert rows["valid"].all()
    assert set(rows["finish_reason"]) == {"stop"}
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest["certificates"]["far"]["canary"] is True
    notes = manifest["engines"]["far"]["notes"]
    assert notes["model"] == "pocket"
    assert notes["root"] == str(POCKET)
    assert notes["max_model_len"] == "1536"
