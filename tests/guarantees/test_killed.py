"""Runs stopped at random moments in every way: nothing is lost, asked twice or left running.

pytest tests/guarantees/test_killed.py --kills 200
"""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.helpers.commands import Vad
from tests.helpers.respondents import respond
from tests.helpers.studies import ask
from vad.errors import StudyError
from vad.runs.scheduler import in_flight
from vad.runs.store.folder import RunFolder
from vad.runs.store.reader import read_parts

SERVED = '''
import json, random, subprocess, sys, time
from vad.errors import EngineGone

engine = subprocess.Popen(
    [sys.executable, "-S", "-c", "import sys\\nfor one in sys.stdin: print(one[:-1], flush=True)"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
)
open("engine.pid", "w").write(str(engine.pid))


def answer(call):
    """Differs each time it is asked, so that an answer asked for twice is seen to have changed."""
    name = "value" if '"value"' in call.messages[-1]["content"] else "action"
    try:
        time.sleep(0.004)
        engine.stdin.write("ABCDEF"[call.seed % 6] + "\\n")
        engine.stdin.flush()
        letter = engine.stdout.readline().strip()
    except OSError:
        letter = ""
    if not letter:
        raise EngineGone("the engine has died")
    text = json.dumps({"reasoning": str(random.random()), name: letter})
    with open("came", "a") as came:
        came.write(text + "\\n")
    return text
'''
"""A respondent whose engine is a process of its own."""

USED = (
    "vad.cli",
    "vad.runs.run",
    "vad.cli.screens.run",
    "vad.analysis.results",
    "vad.report.tables",
    "vad.cli.screens.progress",
)
"""What a run imports on its way, held ready for the next one."""

KINDS = ("SIGKILL", "SIGTERM", "SIGINT", "engine", "disk")
IN_FLIGHT = in_flight(4, 216)
ENDS = {"SIGKILL": -signal.SIGKILL, "SIGTERM": 130, "SIGINT": 130, "engine": 3, "disk": 2}
SAYS = {
    "SIGTERM": "stopped",
    "SIGINT": "stopped",
    "engine": "the engine has died\nevery answer so far is saved; the same command goes on",
    "disk": "No space left on device",
}


def command(root: Path, runs: Path, ready: "multiprocessing.synchronize.Event") -> None:
    """`vad run small` in a process of its own, its answers written often."""
    import vad.runs.store.folder
    from vad.cli.main import main

    os.chdir(root)
    for number, name in ((1, "told"), (2, "problem")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    sys.argv = ["vad", "run", "small", "--runs", str(runs)]
    vad.runs.store.folder.PART_ROWS = 30
    vad.runs.store.folder.MOST_PARTS = 3
    ready.set()
    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


class Killer:
    """One study whose run is begun, stopped and gone on with, round after round."""

    def __init__(self, root: Path, runs: Path) -> None:
        self.root, self.runs = root, runs
        self.fork = multiprocessing.get_context("forkserver")
        self.fork.set_forkserver_preload([__name__, *USED])
        self.seen: dict[str, str] = {}
        self.counts: Counter[str] = Counter()

    def start(self) -> "multiprocessing.context.ForkServerProcess":
        ready = self.fork.Event()
        running = self.fork.Process(target=command, args=(self.root, self.runs, ready))
        running.start()
        assert ready.wait(60)
        return running

    def round(self, kind: str) -> None:
        """Stop a run in one way, see what is on disk; where it was done before that, check all."""
        filler = self.runs / "filler"
        if kind == "disk":
            free = os.statvfs(self.runs)
            keep = random.randrange(0, 160) * 1024
            filler.write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - keep))
        for name in ("engine.pid", "came"):
            (self.root / name).unlink(missing_ok=True)
        running = self.start()
        if kind != "disk":
            if kind == "engine" or random.random() < 0.8:
                self.begun(running, self.root / "engine.pid")
            time.sleep(random.uniform(0, 1))
            self.stop(running, kind)
        running.join(60)
        told = (self.root / "problem").read_text()
        assert running.exitcode is not None, "it hangs"
        assert "Traceback" not in told, told
        if running.exitcode != 0:
            self.counts[kind] += 1
            assert running.exitcode == ENDS[kind], (kind, running.exitcode, told)
            assert SAYS.get(kind, "") in told, (kind, told)
        filler.unlink(missing_ok=True)
        self.look()
        if kind != "disk":
            self.kept(kind)
        if running.exitcode == 0:
            self.finished()

    def kept(self, kind: str) -> None:
        """All that came is there, but what was on its way to its conversation's end."""
        came = self.root / "came"
        texts = came.read_text().splitlines() if came.is_file() else []
        again = {*texts} - {*self.seen.values()}
        assert len(again) <= IN_FLIGHT, f"{kind}: {len(again)} answers of {len(texts)} were lost"
        self.counts[f"{kind}, answered"] += len(texts)
        self.counts[f"{kind}, asked again"] += len(again)

    def begun(self, running: "multiprocessing.context.ForkServerProcess", sign: Path) -> None:
        """Wait until the engine is there, or the run over."""
        while running.is_alive() and not (sign.is_file() and sign.read_text()):
            time.sleep(0.005)

    def stop(self, running: "multiprocessing.context.ForkServerProcess", kind: str) -> None:
        assert running.pid
        if kind != "engine":
            if running.is_alive():
                os.kill(running.pid, getattr(signal, kind))
            return
        own = self.root / "engine.pid"
        if own.is_file() and own.read_text():
            with suppress(ProcessLookupError):
                os.kill(int(own.read_text()), signal.SIGKILL)

    def look(self) -> None:
        """Every Parquet file reads, no answer changed or went, no process is left."""
        answers: dict[str, str] = {}
        for file in self.runs.glob("small/*/*/part-*.parquet"):
            pq.read_table(file)
        read_parts(self.runs / "small", "calls")
        for table in read_parts(self.runs / "small", "responses"):
            for one in table.to_pylist():
                key = f"{one['trial']} {one['persona']}"
                assert key not in answers, "an answer is there twice"
                answers[key] = one["text"]
        for key, text in self.seen.items():
            assert answers.get(key) == text, "an answer went or changed"
        self.seen = answers
        deadline = time.monotonic() + 10
        while left := processes_in(self.root):
            assert time.monotonic() < deadline, f"left running: {left}"
            time.sleep(0.05)

    def finished(self) -> None:
        """A run that is done holds every trial once, and the call behind each."""
        self.counts["done"] += 1
        rows = pd.read_parquet(self.runs / "small" / "responses")
        calls = pd.read_parquet(self.runs / "small" / "calls")
        assert len(rows) == 12 * 2 * 3 * 3
        assert not rows.duplicated(["trial", "persona"]).any()
        assert sorted(key for keys in calls["trials"] for key in keys) == sorted(rows["trial"])
        assert len(self.seen) == len(rows)
        assert not [*self.runs.glob("small/journal/*/*")]
        assert len([*self.runs.glob("small/*/*/part-*")]) == 2
        shutil.rmtree(self.runs / "small")
        self.seen = {}


def processes_in(folder: Path) -> list[int]:
    """The processes whose current folder this is; they were started by a run of it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            alive = (entry / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
            if alive and (entry / "cwd").resolve() == folder.resolve():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB for the runs; an ordinary folder where it may not be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)], capture_output=True
    )
    yield place
    if made.returncode == 0:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def served(root: Path) -> Path:
    """The small study, its respondent served by a process of its own."""
    respond(root, SERVED)
    models = root / "experiments" / "models.toml"
    models.write_text(models.read_text().replace("[sim]\n", "[sim]\nconcurrency = 4\n"))
    path = root / "experiments" / "small.toml"
    path.write_text(path.read_text().replace("limit = 3", "limit = 12"))
    return root


def test_stopped_in_any_way_and_gone_on_with_every_trial_is_there_once_as_first_answered(
    served: Path, small_disk: Path, request: pytest.FixtureRequest
) -> None:
    rounds = request.config.getoption("--kills")
    killer = Killer(served, small_disk)
    kinds = KINDS if small_disk.is_mount() else KINDS[:-1]
    number = 0
    # A run may be over before it is stopped: each way is tried until it stopped one.
    while number < rounds or (
        number < 10 * rounds and not all(killer.counts[one] for one in kinds)
    ):
        killer.round(kinds[number % len(kinds)])
        number += 1
    last = killer.start()
    last.join(60)
    assert last.exitcode == 0
    killer.look()
    killer.finished()
    print(dict(killer.counts))
    assert all(killer.counts[kind] for kind in kinds)


def test_a_second_run_of_a_folder_is_refused_with_who_holds_it(root: Path) -> None:
    held = RunFolder(root / "runs" / "small", [])
    with pytest.raises(StudyError, match=f"held by another run .process {os.getpid()} since"):
        ask(root)
    held.close()
    assert ask(root).open == 0


def test_the_lock_of_a_killed_run_is_taken_over_and_that_is_said(root: Path, vad: Vad) -> None:
    (root / "runs" / "small").mkdir(parents=True)
    (root / "runs" / "small" / ".lock").write_text("process 4194305 since yesterday: vad run small")
    done = vad("run", "small")
    assert done.returncode == 0, done.stderr
    assert "left by a run that was killed (process 4194305 since yesterday" in done.stderr
    again = vad("run", "small")
    assert "killed" not in again.stderr
