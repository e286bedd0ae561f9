"""The server engine against a small HTTP server: what it sends, and what it does when refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.commands import Vad
from tests.helpers.fake_server import (
    Body,
    FakeServer,
    Given,
    always_a,
    complaint,
    in_earnest,
    obedient,
    only_text,
    profile,
    said,
    serving,
)
from tests.helpers.studies import POCKET, ask
from vad.engines import server as server_engine
from vad.engines.profiles import load_profiles
from vad.errors import EngineGone, StudyError
from vad.runs.store.reader import read_manifest, read_table
from vad.study.loader import Study

KEY = "sk-never-to-be-written-4711"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of hundredths of a second."""
    monkeypatch.setattr(server_engine, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(server_engine, "LONGEST_WAIT", 0.05)


def asked_in_earnest(server: FakeServer) -> list[Body]:
    return [body for body in server.bodies if in_earnest(body)]


def test_every_request_carries_messages_constraint_seed_and_sampling(root: Path) -> None:
    with serving(FakeServer(obedient, root="/weights/at/home")) as server:
        profile(root, server.url, engine_args={"priority": 3})
        outcome = ask(root, model="far")
    assert (outcome.asked, outcome.unreadable, outcome.open) == (54, 0, 0)
    bodies = asked_in_earnest(server)
    assert len(bodies) == 54
    calls = read_table(outcome.folder, "calls").set_index("seed")
    for body in bodies:
        kept = calls.loc[body["seed"]]
        assert body["messages"] == json.loads(str(kept["messages"]))
        assert body["structured_outputs"] == {"regex": kept["constraint"]}
        assert body["max_tokens"] == kept["max_tokens"]
        assert (body["temperature"], body["top_p"], body["top_k"]) == (0.2, 0.95, 64)
        assert (body["min_p"], body["repetition_penalty"]) == (0.0, 1.0)
        assert (body["model"], body["priority"]) == ("fake", 3)
    assert len({body["seed"] for body in bodies}) == 54
    manifest = read_manifest(outcome.folder)
    assert manifest is not None
    assert manifest["certificates"]["far"]["canary"] is True
    notes = manifest["engines"]["far"]["notes"]
    assert (notes["model"], notes["root"], notes["max_model_len"]) == (
        "fake",
        "/weights/at/home",
        "4096",
    )
    assert manifest["engines"]["far"]["versions"] == {"vllm": "0.0.fake"}


def test_a_server_that_ignores_constraints_is_found_out_and_named_before_the_run(
    root: Path, vad: Vad
) -> None:
    with serving(FakeServer(lambda server, body: said("Hello! How can I help?"))) as server:
        profile(root, server.url)
        told = vad("run", "small", "--model", "far")
    assert told.returncode == 3
    assert 'constraints are not in force: far was held to \'{"canary": "canary ' in told.stderr
    assert "answered 'Hello! How can I help?'; nothing was asked" in told.stderr
    assert len(server.bodies) == 1
    manifest = read_manifest(root / "runs" / "small")
    assert manifest is not None
    assert manifest["certificates"]["far"]["canary"] is False


def test_the_key_comes_from_the_environment_and_is_written_nowhere(
    root: Path, vad: Vad, monkeypatch: pytest.MonkeyPatch
) -> None:
    def telltale(server: FakeServer, body: Body) -> Given:
        if len(server.bodies) % 3 == 2:
            return complaint(400, f"Incorrect key provided: {server.keys[-1]}")
        return obedient(server, body)

    with serving(FakeServer(telltale)) as server:
        profile(root, server.url, api_key_env="FAR_KEY")
        with pytest.raises(StudyError, match="the environment has no FAR_KEY"):
            ask(root, model="far")
        monkeypatch.setenv("FAR_KEY", KEY)
        told = vad("run", "small", "--model", "far", "--limit", "1")
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert (
        "Incorrect key provided: Bearer ***"
        in (root / "runs" / "small" / "problems.jsonl").read_text()
    )
    assert KEY not in told.stdout + told.stderr
    written = [path for path in root.rglob("*") if path.is_file()]
    assert any(path.suffix == ".parquet" for path in written)
    for path in written:
        assert KEY.encode() not in path.read_bytes(), path
    calls = read_table(root / "runs" / "small", "calls")
    assert not calls.map(lambda cell: KEY in str(cell)).any(axis=None)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_key_env": "sk-4711!"}, "never the key itself"),
        ({"base_urls": ["http://me:sk-4711!@host/v1"]}, "carries a key"),
        ({"base_urls": ["https://host/v1?key=sk-4711!"]}, "carries a key"),
        ({"api_key": "sk-4711!"}, 'did you mean "api_key_env"?'),
    ],
)
def test_a_key_in_a_profile_is_refused_and_not_repeated(
    root: Path, settings: dict[str, Any], words: str
) -> None:
    profile(root, "http://localhost:1/v1", **settings)
    with pytest.raises(StudyError, match="far") as told:
        load_profiles(Study(root))
    assert words in str(told.value)
    assert "4711" not in str(told.value)


def test_busy_and_broken_replies_are_asked_again_until_every_trial_has_its_answer(
    root: Path,
) -> None:
    seen: dict[str, int] = {}

    def moody(server: FakeServer, body: Body) -> Given:
        text = json.dumps(body)
        with server.lock:
            seen[text] = seen.get(text, 0) + 1
        if seen[text] == 1:
            return complaint(429, "too many requests", retry_after="0")
        if seen[text] == 2:
            return complaint(500, "an error")
        return obedient(server, body)

    with serving(FakeServer(moody)) as server:
        profile(root, server.url)
        outcome = ask(root, model="far")
    assert (outcome.asked, outcome.open) == (54, 0)
    assert not (outcome.folder / "problems.jsonl").exists()
    assert set(seen.values()) == {3}


def test_a_request_that_is_refused_stays_open_and_is_answered_in_the_next_run(root: Path) -> None:
    def picky(server: FakeServer, body: Body) -> Given:
        if body["seed"] % 5 == 0:
            return complaint(400, "this prompt is not to be answered")
        return obedient(server, body)

    with serving(FakeServer(picky)) as server:
        profile(root, server.url)
        outcome = ask(root, model="far")
        assert 0 < outcome.open < 54
        assert outcome.asked + outcome.open == 54
        (problem,) = outcome.problems
        assert "400 this prompt is not to be answered" in problem
        server.respond = obedient
        again = ask(root, model="far")
    assert (again.kept, again.asked, again.open) == (outcome.asked, outcome.open, 0)
    rows = read_table(again.folder, "responses")
    assert not rows.duplicated(["trial", "persona", "format"]).any()


def test_two_servers_share_the_work_and_a_dead_address_is_passed_over(root: Path) -> None:
    with serving(FakeServer(obedient)) as one, serving(FakeServer(obedient)) as other:
        profile(root, one.url, "http://127.0.0.1:9/v1", other.url)
        outcome = ask(root, model="far")
    assert (outcome.asked, outcome.open) == (54, 0)
    shares = [len(asked_in_earnest(server)) for server in (one, other)]
    assert sum(shares) == 54
    assert min(shares) >= 20


def test_servers_of_different_models_are_refused(root: Path) -> None:
    with serving(FakeServer(obedient)) as one, serving(FakeServer(obedient, root="b")) as other:
        profile(root, one.url, other.url)
        with pytest.raises(EngineGone, match="different models"):
            ask(root, model="far")


def test_servers_that_fall_silent_end_the_run_with_one_message_and_it_goes_on_when_back(
    root: Path,
) -> None:
    def failing(server: FakeServer, body: Body) -> Given:
        if len(server.bodies) > 30:
            return complaint(503, "shutting down")
        return obedient(server, body)

    with serving(FakeServer(failing)) as server:
        profile(root, server.url)
        with pytest.raises(EngineGone, match=r"no longer answers\n.*503 shutting down"):
            ask(root, model="far")
        saved = len(read_table(root / "runs" / "small", "responses"))
        assert 0 < saved < 54
        server.respond = obedient
        again = ask(root, model="far")
    assert (again.kept, again.asked, again.open) == (saved, 54 - saved, 0)


@pytest.mark.parametrize(("key", "other"), [("root", "/weights/of/another"), ("id", "another")])
def test_a_run_does_not_go_on_with_a_server_that_serves_another_model(
    key: str, other: str, root: Path, vad: Vad
) -> None:
    with serving(FakeServer(obedient, root="/weights/at/home")) as server:
        profile(root, server.url)
        ask(root, model="far", limit=1)
        asked = len(server.bodies)
        server.card[key] = other
        told = vad("run", "small", "--model", "far")
        before = "fake" if key == "id" else "/weights/at/home"
        assert told.returncode == 2
        assert f'far was answered by a server of "{before}", which serves "{other}" now' in (
            told.stderr
        )
        assert "--new" in told.stderr
        assert "Traceback" not in told.stderr
        assert len(server.bodies) == asked
        manifest = read_manifest(root / "runs" / "small")
        assert manifest is not None
        assert manifest["engines"]["far"]["notes"]["root"] == "/weights/at/home"
        told = vad("run", "small", "--model", "far", "--limit", "1", "--new")
        assert told.returncode == 0, told.stderr


def test_a_server_has_no_probabilities_and_letter_is_refused_before_anything_is_asked(
    root: Path, vad: Vad
) -> None:
    path = root / "experiments" / "small.toml"
    path.write_text(path.read_text() + 'decoding = ["free", "constrained", "letter"]\n')
    with serving(FakeServer(obedient)) as server:
        profile(root, server.url)
        for verb in ("check", "run"):
            told = vad(verb, "small", "--model", "far")
            assert told.returncode == 2
            assert '"letter" reads probabilities, which the engine "server" of far' in told.stderr
            assert 'write: decoding = ["free", "constrained"]' in told.stderr
        assert server.bodies == []
    assert not (root / "runs").exists()


def test_no_server_at_all_is_one_message_and_exit_code_3(root: Path, vad: Vad) -> None:
    profile(root, "http://127.0.0.1:9/v1")
    told = vad("run", "small", "--model", "far")
    assert told.returncode == 3
    assert "no server answers\n  http://127.0.0.1:9/v1: ConnectError" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_server_too_slow_for_its_timeout_counts_as_away(root: Path) -> None:
    def slow(server: FakeServer, body: Body) -> Given:
        if len(server.bodies) > 1:
            server.lock.acquire()
        return obedient(server, body)

    with serving(FakeServer(slow)) as server:
        profile(root, server.url, timeout=0.2)
        with pytest.raises(EngineGone, match="ReadTimeout"):
            ask(root, model="far", limit=1)
        server.lock.release()


@pytest.mark.parametrize("finish", ["abort", "length", None, "tool_calls"])
def test_under_a_constraint_only_stop_is_the_end_of_an_answer(
    root: Path, finish: str | None
) -> None:
    def ending(server: FakeServer, body: Body) -> Given:
        given = obedient(server, body)
        earnest = in_earnest(body)
        return said(given[1]["choices"][0]["message"]["content"], finish) if earnest else given

    with serving(FakeServer(ending)) as server:
        profile(root, server.url)
        outcome = ask(root, model="far", limit=1)
    assert (outcome.asked, outcome.open) == (0, outcome.planned)
    assert f'"{finish}"' in " ".join(outcome.problems)


def test_a_context_larger_than_the_servers_is_refused_with_the_line_to_write(root: Path) -> None:
    with serving(FakeServer(obedient, max_model_len=2048)) as server:
        profile(root, server.url)
        with pytest.raises(StudyError, match="set max_model_len = 2048"):
            ask(root, model="far")
    assert server.bodies == []


def test_an_answer_prefix_goes_to_the_plain_completion_with_the_prompt_as_tokens(
    root: Path,
) -> None:
    def completing(server: FakeServer, body: Body) -> Given:
        regex = body["structured_outputs"]["regex"]
        canary = '"canary"' in regex
        name = "value" if "value" in regex else "action"
        text = only_text(regex) if canary else f'{{"reasoning": "So.", "{name}": "A"}}'
        return 200, {"choices": [{"text": text, "finish_reason": "stop"}]}

    with serving(FakeServer(completing)) as server:
        profile(root, server.url, weights=str(POCKET), answer_prefix="So: ")
        outcome = ask(root, model="far", limit=1)
    assert (outcome.asked, outcome.unreadable) == (outcome.planned, 0)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(POCKET)
    assert all("messages" not in body for body in server.bodies)
    assert tokenizer.decode(server.bodies[-1]["prompt"]).endswith("So: ")


VALIDATED = {"guarantee": "validated", "hidden_tokens": 500}


def test_where_only_schemas_are_offered_every_answer_is_checked_and_invalid_ones_are_counted(
    root: Path, vad: Vad
) -> None:
    kinds = {
        0: "```json\n{}\n```",
        1: '{"reasoning": "x"}',
        2: "",
    }

    def loose(server: FakeServer, body: Body) -> Given:
        if body["seed"] % 7 in kinds and in_earnest(body):
            ends = {0: "stop", 1: "length", 2: "content_filter"}
            return said(kinds[body["seed"] % 7], ends[body["seed"] % 7])
        return obedient(server, body)

    with serving(FakeServer(loose, max_model_len=None, owned_by="provider")) as server:
        profile(root, server.url, **VALIDATED)
        done = vad("run", "small", "--model", "far")
    assert done.returncode == 0, done.stderr
    bodies = asked_in_earnest(server)
    body = bodies[0]
    assert not {"structured_outputs", "top_k", "min_p", "repetition_penalty"} & set(body)
    schema = body["response_format"]["json_schema"]["schema"]
    name = next(key for key in schema["properties"] if key != "reasoning")
    assert schema["properties"][name]["enum"] == list("ABCDEF")
    assert schema["properties"]["reasoning"]["maxLength"] == 400
    assert schema["required"] == ["reasoning", name]
    assert schema["additionalProperties"] is False
    folder = root / "runs" / "small"
    rows = read_table(folder, "responses")
    calls = read_table(folder, "calls")
    assert len(rows) == 54
    assert body["max_tokens"] == calls["max_tokens"][0] + 500
    wrong = sum(one["seed"] % 7 in kinds for one in bodies)
    assert wrong > 5
    assert (~rows["valid"]).sum() == wrong
    assert set(rows.loc[~rows["valid"], "problem"]) == {"fenced", "cut off", "refused"}
    assert rows.loc[~rows["valid"], "score"].isna().all()
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest["certificates"]["far"]["guarantee"] == "validated, not guaranteed"
    sentence = f"far: validated, not guaranteed: {wrong} of 54 answers invalid"
    assert sentence in done.stdout
    assert sentence in vad("report", str(folder)).stdout
    assert "validated, not guaranteed" in vad("check", "small", "--model", "far").stdout
    assert always_a(body) in set(rows["text"])
