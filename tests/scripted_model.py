"""A server that speaks OpenAI's protocol on loopback and answers as a script says; it keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Says:
    """One answer: files by path (as a call of the tool), or bare text; what it claims to have used; how it misbehaves."""

    files: Mapping[str, str] | None = None
    text: str | None = None
    used: tuple[int, int] = (1_000, 200)
    late_seconds: float = 0
    garbage: bytes | None = None
    status: int = 200


@dataclass
class Script:
    """The answers in their order, and every request that came."""

    answers: list[Says]
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


def message(says: Says) -> dict[str, Any]:
    """Write an answer as OpenAI's chat completions do."""
    said: dict[str, Any] = {"role": "assistant", "content": says.text}
    if says.files is not None:
        files = [{"path": path, "content": content} for path, content in says.files.items()]
        call = {"name": "draft", "arguments": json.dumps({"files": files, "summary": "As asked."})}
        said["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
    return {
        "id": "x", "object": "chat.completion", "created": 1, "model": "scripted",
        "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls" if says.files is not None else "stop"}],
        "usage": {"prompt_tokens": says.used[0], "completion_tokens": says.used[1], "total_tokens": sum(says.used)},
    }  # fmt: skip


@contextmanager
def scripted(*answers: Says) -> Iterator[Script]:
    """Serve a script until the block ends; the last answer is given for ever."""
    script = Script(list(answers))

    class Talk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept, as real servers do

        def do_POST(self) -> None:
            script.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            says = script.answers[min(len(script.asked), len(script.answers)) - 1]
            time.sleep(says.late_seconds)
            body = says.garbage if says.garbage is not None else json.dumps(message(says)).encode()
            self.send_response(says.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Talk) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        try:
            yield script
        finally:
            server.shutdown()
