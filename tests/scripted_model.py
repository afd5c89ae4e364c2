"""A server that speaks the protocols of providers on loopback and answers as a script says; it keeps what it was asked."""

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
        call = {"name": "draft", "arguments": json.dumps(drafted(says))}
        said["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
    return {
        "id": "x", "object": "chat.completion", "created": 1, "model": "scripted",
        "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls" if says.files is not None else "stop"}],
        "usage": {"prompt_tokens": says.used[0], "completion_tokens": says.used[1], "total_tokens": sum(says.used)},
    }  # fmt: skip


def anthropic_message(says: Says) -> dict[str, Any]:
    """Write a draft as Anthropic's messages do."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "draft", "input": drafted(says)}
    used = {"input_tokens": says.used[0], "output_tokens": says.used[1]}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "scripted", "content": [call],
        "stop_reason": "tool_use", "stop_sequence": None, "usage": used,
    }  # fmt: skip


def google_message(says: Says) -> dict[str, Any]:
    """Write a draft as Google's generateContent does."""
    call = {"functionCall": {"name": "draft", "args": drafted(says)}}
    used = {"promptTokenCount": says.used[0], "candidatesTokenCount": says.used[1], "totalTokenCount": sum(says.used)}
    answer = {"content": {"role": "model", "parts": [call]}, "finishReason": "STOP", "index": 0}
    return {"candidates": [answer], "usageMetadata": used, "modelVersion": "scripted"}


def openai_response(says: Says) -> dict[str, Any]:
    """Write a draft as OpenAI's responses do."""
    call = {
        "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "draft", "status": "completed",
        "arguments": json.dumps(drafted(says)),
    }  # fmt: skip
    used = {
        "input_tokens": says.used[0], "input_tokens_details": {"cached_tokens": 0}, "output_tokens": says.used[1],
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": sum(says.used),
    }  # fmt: skip
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "scripted",
        "output": [call], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": used,
    }  # fmt: skip


def drafted(says: Says) -> dict[str, Any]:
    """Write what a call of the tool is given."""
    files = [{"path": path, "content": content} for path, content in (says.files or {}).items()]
    return {"files": files, "summary": "As asked."}


WRITTEN = {
    "/chat/completions": message,
    "/messages": anthropic_message,
    ":generateContent": google_message,
    "/responses": openai_response,
}
"""How an answer is written, by the end of the path that is asked."""


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
            body = says.garbage if says.garbage is not None else json.dumps(self._written(says)).encode()
            self.send_response(says.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def _written(self, says: Says) -> dict[str, Any]:
            path = self.path.partition("?")[0]
            return next(write for end, write in WRITTEN.items() if path.endswith(end))(says)

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
