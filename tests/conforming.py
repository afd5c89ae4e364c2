"""Holds answers against the OpenAPI document of their backend: status, headers, media type and body (checklist D4)."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jsonschema

UNDOCUMENTED = {204, 404, 405}
"""What an address or a method that is not in the document may answer: OPTIONS, nothing there, not that method."""


LEAKS = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|/(?:home|root|usr|tmp|var|work)/|sqlite|apsw|asyncpg|postgres|uvicorn|msgspec"
    r"|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CONSTRAINT|KeyError|TypeError|ValueError|NoneType)\b|0x[0-9a-f]{6,}"
    r"|\b(?:ix|uq|fk|pk)__|techlead_[a-z]+|Python[/ ][0-9]|argon2",
    re.IGNORECASE,
)
"""What only the inside of a backend says: code, paths, SQL, names of libraries and of tables (checklist D2)."""


class Conforming:
    """The promises of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._validators: dict[str, jsonschema.Draft202012Validator] = {}
        self.seen: set[tuple[str, int]] = set()

    def check(self, method: str, path: str, response: httpx.Response) -> None:
        """Assert that an answer is one that the document promises for what was asked, and that an error tells no cause."""
        if response.status_code >= 400:
            told = f"{response.text} {dict(response.headers)}"
            assert LEAKS.search(told) is None, (method, path, told)
        operation = self._operation("GET" if method == "HEAD" else method, path)
        if operation is None:
            assert response.status_code in UNDOCUMENTED, (method, path, response.status_code)
            return
        name = operation["operationId"]
        where = (name, response.status_code, response.text[:500])
        self.seen.add((name, response.status_code))
        assert str(response.status_code) in operation["responses"], where
        promised = self._resolved(operation["responses"][str(response.status_code)])
        self._headers(promised, response, where)
        content = promised.get("content")
        if method == "HEAD" or content is None:
            assert response.content == b"", where
            return
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in content, where
        if media_type.endswith("json"):
            self._fits(content[media_type]["schema"], response.json(), where)

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for template, operations in self._document["paths"].items():
            pattern = re.escape(template).replace(r"\{id\}", "[^/]+")
            if re.fullmatch(pattern, path.partition("?")[0]) and method.lower() in operations:
                return dict(operations[method.lower()])
        return None

    def _headers(self, promised: dict[str, Any], response: httpx.Response, where: Any) -> None:
        for name, reference in promised.get("headers", {}).items():
            header = self._resolved(reference)
            given = response.headers.get(name)
            if given is None:
                assert not header.get("required"), (name, where)
            else:
                value = int(given) if header["schema"].get("type") == "integer" else given
                self._fits(header["schema"], value, where)

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        found: Any = value
        while "$ref" in found:
            target = self._document
            for step in found["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            found = target
        return dict(found)

    def _fits(self, schema: dict[str, Any], value: Any, where: Any) -> None:
        key = repr(schema)
        if key not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            checker = jsonschema.FormatChecker()
            self._validators[key] = jsonschema.Draft202012Validator(whole, format_checker=checker)
        errors = [f"{error.json_path}: {error.message}" for error in self._validators[key].iter_errors(value)]
        assert errors == [], (errors, where)
