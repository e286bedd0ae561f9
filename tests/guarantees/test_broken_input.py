"""Input broken in every way: one message, never a traceback, a hang or a file elsewhere.

pytest tests/guarantees/test_broken_input.py --inputs 10000
"""

import json
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.helpers.fake_server import Body, FakeServer, Given, serving
from tests.helpers.studies import ask, copy_study
from vad.cli.main import app
from vad.engines import server as server_engine
from vad.errors import EngineFailure, NothingReadable, StudyError

NAMES = st.sampled_from(
    [
        "../x",
        "/etc/passwd",
        "..",
        ".",
        "",
        "a/b",
        "a\0b",
        "x" * 300,
        "=1+1",
        "<b>x</b>",
        "ünï",
        "\n",
    ]
)
SCALARS: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES | st.text(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
COLUMNS = st.one_of(
    *(
        st.lists(st.none() | one, min_size=1, max_size=4)
        for one in (
            st.integers(-(2**31), 2**31),
            st.floats(),
            st.booleans(),
            NAMES,
            st.text(max_size=20),
            st.lists(st.integers(-3, 9), max_size=7),
        )
    )
)
FILES = (
    "experiments/small.toml",
    "experiments/models.toml",
    "personas/cultural.toml",
    "signatures/agreement.toml",
    "scenarios/dilemmas.jsonl",
    "experiments/sim.py",
    "personas/explicit.py",
    "signatures/direct.py",
    "runs/small/manifest.json",
    "runs/small/responses/sim/part-000000-000000.parquet",
)
HOW = (
    *("text", "bytes", "cut", "swap", "value", "huge", "nul", "folder", "link", "gone", "deep"),
    *("column", "no column", "no row", "twice"),
)
"""The last four are of tables; a file that is none has a value replaced instead."""
REPLY_KEYS = (
    *("choices", "message", "content", "finish_reason", "usage", "prompt_tokens", "error", "code"),
    *("data", "id", "type", "text", "refusal", "reasoning_content", "tool_calls", "detail"),
)
RUN = tuple(name for name in FILES if name.startswith("runs"))
VERBS = {
    "check": ["small"],
    "run": ["small"],
    "show": ["small"],
    "score": ["runs/small"],
    "compare": ["runs/small"],
    "audit": ["runs/small"],
    "verify": ["runs/small", "--sample", "5"],
    "run again": ["--from", "runs/small/manifest.json"],
}
REPORTS = 25
"""Of so many broken inputs one is a run folder that a report is wanted of."""
BOUND = 30
UNBOUND: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.generate,),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a finished run of it."""
    folder = copy_study(tmp_path_factory.mktemp("broken") / "study")
    lines = (folder / "scenarios" / "dilemmas.jsonl").read_text().splitlines()[:6]
    (folder / "scenarios" / "dilemmas.jsonl").write_text("\n".join(lines) + "\n")
    ask(folder)
    shutil.copytree(folder, folder.parent / "sound")
    return folder


@contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise TimeoutError(f"hangs: more than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def damage(path: Path, how: str, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """Break one file in one way."""
    if how in HOW[-4:]:
        if path.suffix == ".parquet":
            return damage_table(path, how, draw)
        how = "value"
    whole = path.read_bytes()
    place = draw(st.integers(0, len(whole)))
    if how == "text":
        path.write_text(draw(st.text(max_size=60)), encoding="utf-8", errors="replace")
    elif how == "bytes":
        path.write_bytes(whole[:place] + draw(st.binary(max_size=20)) + whole[place + 5 :])
    elif how == "cut":
        path.write_bytes(whole[:place])
    elif how == "swap":
        words = whole.split(b'"')
        at = draw(st.integers(0, len(words) - 1))
        words[at] = draw(NAMES).encode()
        path.write_bytes(b'"'.join(words))
    elif how == "value":
        lines = whole.split(b"\n")
        at = draw(st.integers(0, len(lines) - 1))
        key = lines[at].split(b"=")[0] or b"seed "
        value = json.dumps(draw(VALUES), allow_nan=True)
        lines[at] = key + b"= " + value.encode() if path.suffix == ".toml" else value.encode()
        path.write_bytes(b"\n".join(lines))
    elif how == "huge":
        path.write_bytes(whole[:place] + b"x" * 10_000_000 + whole[place:])
    elif how == "nul":
        path.write_bytes(whole[:place] + b"\0" + whole[place:])
    elif how == "deep":
        path.write_bytes(whole[:place] + b"[" * 100_000)
    else:
        path.unlink()
        if how == "folder":
            path.mkdir()
        if how == "link":
            path.symlink_to(draw(st.sampled_from(["/dev/null", "/etc/passwd", ".", path.name])))


def damage_table(path: Path, how: str, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """Break a table in a way that leaves it a table."""
    table = pd.read_parquet(path)
    name = draw(st.sampled_from(list(table)))
    if how == "column":
        content = draw(COLUMNS)
        table[name] = [content[place % len(content)] for place in range(len(table))]
    elif how == "no column":
        table = table.drop(columns=name)
    elif how == "no row":
        table = table.iloc[:0]
    else:
        table = pd.concat([table, table])
    table.to_parquet(path, index=False)


def files(root: Path) -> dict[str, int]:
    """Every file that no run may touch, with the time it was written."""
    return {
        str(path): path.lstat().st_mtime_ns
        for path in root.rglob("*")
        if not path.is_dir()
        and "__pycache__" not in path.parts
        and "runs" not in path.relative_to(root).parts[:1]
    }


def restore(root: Path) -> None:
    """The study and its run as they were."""
    for name in FILES:
        path, sound = root / name, root.parent / "sound" / name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            path.rmdir()
        if name not in RUN:
            shutil.copy2(sound, path)
    shutil.rmtree(root / "runs")
    shutil.copytree(root.parent / "sound" / "runs", root / "runs")


def broken_told(
    broken: Path, name: str, how: str, arguments: list[str], data: st.DataObject
) -> None:
    restore(broken)
    damage(broken / name, how, data.draw)
    before = files(broken)
    with no_longer_than(BOUND):
        told = CliRunner().invoke(app, arguments)
    right = (SystemExit, StudyError, EngineFailure, OSError)
    if told.exception is not None and not isinstance(told.exception, right):
        raise AssertionError((name, how, arguments)) from told.exception
    assert files(broken) == before


def test_input_broken_in_any_way_is_told_in_words_and_writes_nowhere_else(
    broken: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(broken)
    tried: Counter[str] = Counter()

    @settings(max_examples=request.config.getoption("--inputs"), **UNBOUND)
    @given(st.data(), st.sampled_from(FILES), st.sampled_from(HOW), st.sampled_from([*VERBS]))
    def break_it(data: st.DataObject, name: str, how: str, verb: str) -> None:
        broken_told(broken, name, how, [verb.split()[0], *VERBS[verb]], data)
        tried[verb] += 1

    break_it()
    print(dict(tried))
    assert tried.total() >= request.config.getoption("--inputs") * 0.9


REPLIES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | NAMES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(REPLY_KEYS) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=8,
)
PROXIES = (
    st.none()
    | st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20)
    | st.sampled_from(["socks5://127.0.0.1:9", "http://[", "ftp://x", "127.0.0.1:9", "::1/128"])
)


def test_of_any_server_and_any_proxy_there_is_an_answer_or_a_message(
    broken: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(broken)
    monkeypatch.setattr(server_engine, "FIRST_WAIT", 0.001)
    restore(broken)
    models = (broken / "experiments" / "models.toml").read_text()

    @settings(max_examples=request.config.getoption("--inputs") // REPORTS, **UNBOUND)
    @given(
        REPLIES,
        REPLIES,
        st.sampled_from([200, 200, 400, 429, 500]),
        PROXIES,
        PROXIES,
        st.booleans(),
    )
    def serve_it(
        listed: Any, reply: Any, status: int, proxy: str | None, left_out: str | None, far: bool
    ) -> None:
        def respond(server: FakeServer, body: Body) -> Given:
            return status, reply

        with pytest.MonkeyPatch.context() as patched, serving(FakeServer(respond)) as server:
            server.listed = listed
            for name, value in (("ALL_PROXY", proxy), ("NO_PROXY", left_out)):
                if value is not None:
                    patched.setenv(name, value)
            url = "http://192.0.2.1:9/v1" if far and proxy else server.url
            (broken / "experiments" / "models.toml").write_text(
                f'{models}\n[far]\nengine = "server"\nweights = "x"\nserved_as = "x"\n'
                f'base_urls = ["{url}"]\nguarantee = "validated"\ntimeout = 0.5\n'
            )
            with no_longer_than(BOUND):
                arguments = ["run", "small", "--model", "far", "--limit", "1", "--new"]
                told = CliRunner().invoke(app, arguments)
        right = (SystemExit, StudyError, EngineFailure, NothingReadable)
        if told.exception is not None and not isinstance(told.exception, right):
            raise AssertionError((listed, reply, proxy, left_out)) from told.exception

    serve_it()
    restore(broken)


def test_of_a_broken_run_there_is_a_report_or_a_message(
    broken: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(broken)

    @settings(max_examples=request.config.getoption("--inputs") // REPORTS, **UNBOUND)
    @given(st.data(), st.sampled_from(RUN), st.sampled_from(HOW))
    def break_it(data: st.DataObject, name: str, how: str) -> None:
        broken_told(broken, name, how, ["report", "runs/small"], data)

    break_it()
