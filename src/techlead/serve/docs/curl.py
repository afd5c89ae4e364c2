"""An operation as a command to paste into a shell: `$API` is the backend's address, `$TOKEN` a session's token."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

JSON_TYPE: Final = "application/json"


def curl(document: Mapping[str, Any], method: str, path: str) -> str:
    """Write the command for one operation of an OpenAPI document."""
    operation = document["paths"][path][method.lower()]
    words = ["curl"] if method == "GET" else ["curl", "-X", method]
    words.append(_address(path, operation))
    if {"bearer": []} in operation["security"] and {} not in operation["security"]:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if any(one.get("$ref", "").endswith("/idempotency_key") for one in operation.get("parameters", ())):
        words.append('-H "Idempotency-Key: $(date +%s)-$RANDOM"')
    body = body_example(document, operation)
    if body is not None:
        words.append(f"-H 'Content-Type: {JSON_TYPE}'")
        words.append(f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    if "text/event-stream" in operation["responses"].get("200", {}).get("content", {}):
        words.insert(1, "-N")
    return " \\\n  ".join(_lines(words))


def body_example(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
    """Give an example of what an operation takes; None when it takes nothing."""
    if "requestBody" not in operation:
        return None
    reference = operation["requestBody"]["content"][JSON_TYPE]["schema"]["$ref"]
    shape = document["components"]["schemas"][reference.rpartition("/")[2]]
    if "examples" in shape:
        return shape["examples"][0]
    return {name: one["examples"][0] for name, one in shape["properties"].items() if "examples" in one}


def _address(path: str, operation: Mapping[str, Any]) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter.get("in") == "path":
            path = path.replace("{id}", parameter["schema"]["examples"][0])
    return f'"$API{path}"'


def _lines(words: list[str]) -> list[str]:
    """Keep the command and its address on the first line."""
    first = next(index for index, word in enumerate(words) if word.startswith('"$API')) + 1
    return [" ".join(words[:first]), *words[first:]]
