"""Providers as they are: a whole run against a server with one peculiarity each."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.commands import Vad
from tests.helpers.fake_server import (
    Body,
    FakeServer,
    Given,
    complaint,
    in_earnest,
    obedient,
    planted_word,
    profile,
    said,
    serving,
)
from tests.helpers.studies import ask
from vad.engines import server as server_engine
from vad.errors import EngineGone, NothingReadable, StudyError
from vad.runs.store.reader import read_manifest, read_table

PROVIDER = {"owned_by": None, "max_model_len": None}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of hundredths of a second."""
    monkeypatch.setattr(server_engine, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(server_engine, "LONGEST_WAIT", 0.05)


@pytest.mark.parametrize("spelled", ["\ud83d", "\\ud83d"])
def test_half_a_character_in_one_answer_loses_no_other(root: Path, spelled: str) -> None:
    def halved(server: FakeServer, body: Body) -> Given:
        status, content = obedient(server, body)[:2]
        if body["seed"] % 3 == 0 and in_earnest(body):
            message = content["choices"][0]["message"]
            message["content"] = message["content"].replace("comes", f"comes {spelled}")
        return status, content

    with serving(FakeServer(halved, **PROVIDER)) as server:
        profile(root, server.url, guarantee="validated")
        outcome = ask(root, model="far", limit=2)
    rows = read_table(outcome.folder, "responses")
    halves = sum(body["seed"] % 3 == 0 for body in server.bodies if in_earnest(body))
    assert halves
    assert len(rows) == outcome.planned == outcome.asked
    assert rows["text"].str.contains(r"comes \ud83d", regex=False).sum() == halves
    assert rows["reasoning"].str.contains(r"comes \ud83d", regex=False).sum() == halves
    assert set(rows["letter"]) == {"A"}


def test_what_a_server_says_in_halves_of_characters_is_written_down_and_printed(
    root: Path, vad: Vad
) -> None:
    def refusing(server: FakeServer, body: Body) -> Given:
        refused = body["seed"] % 2 and in_earnest(body)
        return complaint(400, "no \ud83d") if refused else obedient(server, body)

    with serving(FakeServer(refusing, **PROVIDER)) as server:
        profile(root, server.url, guarantee="validated")
        told = vad("run", "small", "--model", "far", "--limit", "1")
    assert told.returncode == 1
    assert r"400 no \ud83d" in told.stdout
    assert "Traceback" not in told.stderr


def test_fields_are_left_out_and_renamed_and_the_calls_say_what_was_sent(root: Path) -> None:
    with serving(FakeServer(obedient, **PROVIDER)) as server:
        profile(
            root,
            server.url,
            guarantee="validated",
            omit=["seed", "top_p"],
            rename={"max_tokens": "max_completion_tokens"},
            response_format="plain_schema",
        )
        outcome = ask(root, model="far", limit=1)
    body = server.bodies[-1]
    sent = {"model", "messages", "temperature", "max_completion_tokens", "response_format"}
    assert set(body) == sent
    assert "maxLength" not in json.dumps(body["response_format"])
    calls = read_table(outcome.folder, "calls")
    assert calls[["seed", "top_p", "top_k"]].isna().all(axis=None)
    assert (calls["temperature"] == body["temperature"]).all()


@pytest.mark.parametrize(
    ("status", "words", "line"),
    [
        (400, "'max_tokens' is not supported. Use 'max_completion_tokens'", "rename = {"),
        (422, "Extra inputs are not permitted: body.seed", 'omit = ["seed"]'),
        (400, "`temperature` and `top_p` cannot both be specified", 'omit = ["top_p"]'),
        (400, "'temperature' does not support 0.2, only the default (1)", "temperature = 1"),
        (400, "Invalid schema: 'maxLength' is not permitted", '"plain_schema"'),
        (400, "This response_format type is unavailable now", '"json_object"'),
    ],
)
def test_a_refused_field_is_told_with_the_line_to_write_before_any_question(
    status: int, words: str, line: str, root: Path
) -> None:
    with serving(FakeServer(lambda *_: complaint(status, words), **PROVIDER)) as server:
        profile(root, server.url, guarantee="validated")
        with pytest.raises(EngineGone) as told:
            ask(root, model="far", limit=1)
    assert len(server.bodies) == 1
    assert line in str(told.value)
    assert "constraints are not in force" not in str(told.value)


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ({"temperature": 1}, "write sampling = { temperature = 1 }"),
        ({"top_k": 3}, "write sampling = { top_k = 3 }"),
        ({"seed": 3}, "leave it out"),
        ({"n": 2}, "write repeats"),
        ({"max_completion_tokens": 9}, "write rename"),
        ({"api_key": "sk-4711"}, "api_key_env"),
        ({"extra_headers": "sk-4711"}, "api_key_env"),
    ],
)
def test_arguments_that_are_not_a_profiles_to_set_are_refused_with_the_line_to_write(
    arguments: dict[str, Any], right: str, root: Path
) -> None:
    profile(root, "http://127.0.0.1:9/v1", engine_args=arguments)
    with pytest.raises(StudyError) as told:
        ask(root, model="far")
    assert f"far.engine_args.{next(iter(arguments))}" in str(told.value)
    assert right in str(told.value)
    assert "4711" not in str(told.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"omit": ["seeds"]}, 'did you mean "seed"?'),
        ({"omit": ["max_tokens"]}, "cannot be left out"),
        ({"rename": {"seed": "top_p"}}, "is a field already"),
        ({"response_format": "json_object"}, "only validated"),
    ],
)
def test_fields_that_cannot_be_omitted_or_renamed_are_told(
    settings: dict[str, Any], words: str, root: Path
) -> None:
    profile(root, "http://127.0.0.1:9/v1", **settings)
    with pytest.raises(StudyError, match="far") as told:
        ask(root, model="far")
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("text", "message", "kind"),
    [
        ("Hello!", {}, "no JSON"),
        ("```json\n{}\n```", {}, "fenced"),
        ("<think>\nhm\n</think>\n\n{}", {}, "thinking"),
        (None, {"reasoning_content": "{}"}, "in the reasoning"),
        (None, {"refusal": "I can't."}, "refused"),
        (None, {"tool_calls": [{"function": {}}]}, "in a tool call"),
    ],
)
def test_a_provider_that_nothing_can_be_read_of_is_left_and_its_kind_told(
    text: str | None, message: dict[str, Any], kind: str, root: Path
) -> None:
    def odd(server: FakeServer, body: Body) -> Given:
        given = said("")
        given[1]["choices"][0]["message"] = {"content": text} | message
        return given

    with serving(FakeServer(odd, **PROVIDER)) as server:
        profile(root, server.url, guarantee="validated", concurrency=1)
        with pytest.raises(NothingReadable, match=f"20 {kind}: "):
            ask(root, model="far")
    rows = read_table(root / "runs" / "small", "responses")
    assert 20 <= len(rows) < 54
    assert set(rows["problem"]) == {kind}


def test_anyway_goes_on_and_the_kinds_are_told_in_the_end(root: Path, vad: Vad) -> None:
    with serving(FakeServer(lambda *_: said("Hello!"), **PROVIDER)) as server:
        profile(root, server.url, guarantee="validated")
        stopped = vad("run", "small", "--model", "far")
        gone_on = vad("run", "small", "--model", "far", "--anyway")
    assert stopped.returncode == 3
    assert "far: its provider does not hold answers to the schema: the canary" in stopped.stderr
    assert "go on all the same with --anyway" in stopped.stderr
    assert gone_on.returncode == 0, gone_on.stderr
    assert "54 answers unreadable: 54 no JSON" in gone_on.stdout
    assert "no answer can be read:" in gone_on.stdout
    assert len(read_table(root / "runs" / "small", "responses")) == 54


@pytest.mark.parametrize("drops", [False, True])
def test_a_word_planted_in_the_personas_place_shows_whether_a_server_passes_it_on(
    drops: bool, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def respond(server: FakeServer, body: Body) -> Given:
        system = body["messages"][0]["content"]
        if drops and planted_word({"messages": system}):
            return said('{"canary":"amber or basil"}')
        return obedient(server, body)

    with serving(FakeServer(respond)) as server:
        profile(root, server.url)
        text = (root / "experiments" / "small.toml").read_text()
        outcome = ask(root, text='persona_turn = "system"\n' + text, model="far", limit=1)
    manifest = read_manifest(outcome.folder)
    assert manifest is not None
    assert manifest["certificates"]["far"]["persona_canary"] is not drops
    assert manifest["certificates"]["far"]["contents"] is False
    assert ("did not come back" in capsys.readouterr().err) is drops


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_that_does_not_answer_is_named_by_its_variable(
    variable: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://me:hunter2@127.0.0.1:9")
    profile(root, "http://far.example:8000/v1")
    with pytest.raises(EngineGone, match=f"through the proxy that {variable} names") as told:
        ask(root, model="far", limit=1)
    assert "hunter2" not in str(told.value)


def test_a_file_of_certificates_that_is_not_there_is_named_by_its_variable(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    profile(root, "https://far.example:8000/v1")
    with pytest.raises(StudyError, match="SSL_CERT_FILE"):
        ask(root, model="far", limit=1)


@pytest.mark.parametrize("key", ["sk-\"quoted'\\<&>%20/4711", "sk-plain-0123456789"])
def test_a_key_of_whatever_characters_is_nowhere_in_what_a_run_writes_or_prints(
    key: str, root: Path, vad: Vad, monkeypatch: pytest.MonkeyPatch
) -> None:
    def echoing(server: FakeServer, body: Body) -> Given:
        own = server.keys[-1]
        if not in_earnest(body):
            return obedient(server, body)
        if body["seed"] % 3 == 0:
            return complaint(400, f"wrong key {own}")
        if body["seed"] % 3 == 1:
            return said(f'{{"reasoning": "{own}"}}')
        return said(f"{own} {json.dumps(own)}", own)

    monkeypatch.setenv("FAR_KEY", key + "\r\n")
    with serving(FakeServer(echoing, **PROVIDER, root=f"Bearer {key}")) as server:
        profile(root, server.url, guarantee="validated", api_key_env="FAR_KEY")
        told = vad("run", "small", "--model", "far", "--limit", "2", "--anyway")
        report = vad("report", "runs/small")
    assert set(server.keys) == {f"Bearer {key}"}
    spelled = {key, json.dumps(key)[1:-1]}
    for shown in (told.stdout, told.stderr, report.stdout, report.stderr):
        assert not any(one in shown for one in spelled)
    assert "***" in told.stdout
    for path in (path for path in root.rglob("*") if path.is_file()):
        assert not any(one.encode() in path.read_bytes() for one in spelled), path
    for kind in ("responses", "calls"):
        table = read_table(root / "runs" / "small", kind)
        assert not table.map(lambda cell: any(one in str(cell) for one in spelled)).any(axis=None)
