"""A small HTTP server that speaks the OpenAI interface as well or as badly as a test wants."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Body = dict[str, Any]
Given = tuple[int, Body] | tuple[int, Body, dict[str, str]]


class FakeServer:
    """What it was asked, and the function that answers: body -> (status, content[, headers])."""

    def __init__(self, respond: Callable[["FakeServer", Body], Given], **card: Any) -> None:
        self.respond = respond
        self.card = {"id": "fake", "owned_by": "vllm", "max_model_len": 4096} | card
        self.listed: Any = {"data": [self.card]}
        self.bodies: list[Body] = []
        self.keys: list[str] = []
        self.lock = threading.Lock()
        self.url = ""


def said(text: str, finish: str | None = "stop") -> Given:
    """A whole answer with this text."""
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 300, "completion_tokens": 20}
    return 200, {"choices": [choice], "usage": usage}


def complaint(status: int, words: str, **headers: str) -> Given:
    """An error as OpenAI and vLLM write it."""
    return status, {"error": {"message": words}}, headers


def obedient(server: FakeServer, body: Body) -> Given:
    """Held to its constraint: a canary as asked for, else an answer that always takes A."""
    planted = planted_word(body)
    if planted:
        return said(json.dumps({"canary": planted}))
    regex = body.get("structured_outputs", {}).get("regex", "")
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    if '"canary"' in regex:
        return said(only_text(regex))
    if "canary" in schema.get("properties", {}):
        return said(json.dumps({"canary": schema["properties"]["canary"]["enum"][0]}))
    return said(always_a(body))


def planted_word(body: Body) -> str:
    """The word that a canary plants where a persona stands; nothing in any other request."""
    found = re.search(r"Your name is (\w+)\.", json.dumps(body.get("messages", "")))
    return found[1] if found else ""


def in_earnest(body: Body) -> bool:
    """Whether a request is a question, and no canary."""
    return "Say hello." not in json.dumps(body["messages"]) and not planted_word(body)


def only_text(regex: str) -> str:
    """The one text of an expression that has no other."""
    return re.sub(r"[\\()]", "", regex)


def always_a(body: Body) -> str:
    """The answer of a respondent that always takes A."""
    name = "value" if '"value"' in body["messages"][-1]["content"] else "action"
    return json.dumps({"reasoning": "It comes first.", name: "A"})


@contextmanager
def serving(server: FakeServer) -> Iterator[FakeServer]:
    """The server on a free port, in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith("/models"):
                self.give(200, server.listed)
            else:
                self.give(200, {"version": "0.0.fake"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with server.lock:
                server.bodies.append(body)
                server.keys.append(self.headers.get("authorization", ""))
            self.give(*server.respond(server, body))

        def give(self, status: int, content: Body, headers: dict[str, str] | None = None) -> None:
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            for name, value in (headers or {}).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_address[1]}/v1"
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def profile(root: Path, *urls: str, **settings: Any) -> None:
    """Add the profile `far` to a study's models: a server at these addresses."""
    table = {"engine": "server", "weights": "nobody/fake", "base_urls": list(urls)} | settings
    with (root / "experiments" / "models.toml").open("a") as out:
        out.write("\n[far]\n" + "".join(f"{k} = {toml(v)}\n" for k, v in table.items()))


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)
