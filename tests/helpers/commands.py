"""Command: `vad` as a person types it, in a process that has loaded what commands load.

A command spends seconds on imports. A server process that has done them is forked for each; what
the command finds, writes and ends with is its own, as in a process begun anew.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

Vad = Callable[..., subprocess.CompletedProcess[str]]
"""The fixture `vad`: a command line's arguments and a timeout -> what it printed and ended with."""

LOADED = [
    "vad.cli",
    "vad.runs.run",
    "vad.analysis.results",
    "vad.analysis.power.power",
    "vad.tools.optimize.save",
    "vad.report.page.page",
    "transformers.models.auto.tokenization_auto",
]

WIDE = {"COLUMNS": "120"}

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(LOADED)


def begun_anew(
    arguments: tuple[str, ...], folder: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """What `vad ARGUMENTS` did in a folder, in a process begun anew, as a real engine needs."""
    return subprocess.run(
        [sys.executable, "-m", "vad.cli", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=os.environ | WIDE,
    )


def forked(
    arguments: tuple[str, ...], folder: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """What `vad ARGUMENTS` did in a folder: exit code, stdout, stderr; TimeoutExpired if late."""
    with tempfile.TemporaryDirectory() as name:
        written = [Path(name) / "stdout", Path(name) / "stderr"]
        process = _server.Process(target=_vad, args=(arguments, folder, os.environ | WIDE, written))
        process.start()
        process.join(timeout)
        late = process.exitcode is None
        if late:
            process.kill()
            process.join()
        out, err = (one.read_text() if one.exists() else "" for one in written)
        if late:
            raise subprocess.TimeoutExpired(["vad", *arguments], timeout, out, err)
        assert process.exitcode is not None
        return subprocess.CompletedProcess(["vad", *arguments], process.exitcode, out, err)


def _vad(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], written: list[Path]
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(written, 1):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["vad", *arguments]
    from vad.cli.main import main

    main()
