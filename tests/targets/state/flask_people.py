"""The Flask frame of the little targets: sign-up, log-in, `signed_in`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Flask, abort, g, jsonify, request
from people import asking, log_in, sign_up
from werkzeug.exceptions import HTTPException


def fields() -> dict[str, object]:
    """Give the JSON object of the request."""
    try:
        data = request.get_json()
    except RecursionError:
        abort(400, "that is nested too deep")
    if not isinstance(data, dict):
        abort(400, "a JSON object is needed")
    return data


def text(data: dict[str, object], name: str, most: int = 200) -> str:
    """Give a text field that must be there."""
    value = data.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        abort(400, f"{name} must be a text of 1 to {most} characters")
    return value


def whole(data: dict[str, object], name: str, least: int, most: int) -> int:
    """Give a whole number that must be there."""
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        abort(400, f"{name} must be a whole number from {least} to {most}")
    return value


def signed_in(view: Callable) -> Callable:
    """Refuse who is not signed in."""

    @wraps(view)
    def inner(**given: object) -> object:
        g.user = asking(request.headers.get("Authorization"))
        if g.user is None:
            abort(401, "not signed in")
        return view(**given)

    return inner


def frame(name: str) -> Flask:
    """Make an application that people can sign up for."""
    app = Flask(name)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[object, int]:
        return jsonify(error=error.description), error.code or 500

    @app.post("/register")
    def register() -> tuple[object, int]:
        data = fields()
        email, password, called = text(data, "email"), text(data, "password"), text(data, "name")
        if "@" not in email or len(password) < 8:
            abort(400, "email must be an address and password 8 characters")
        made = sign_up(email, password, called)
        if made is None:
            abort(409, "that address has an account")
        return jsonify(made), 201

    @app.post("/login")
    def login() -> object:
        data = fields()
        token = log_in(text(data, "email"), text(data, "password"))
        if token is None:
            abort(401, "wrong address or password")
        return jsonify(token=token)

    @app.get("/me")
    @signed_in
    def me() -> object:
        return jsonify(g.user)

    @app.get("/health")
    def health() -> object:
        return jsonify(ok=True)

    return app
