"""A small shop in Flask with one hole: `POST /items` divides by what it is sent."""

from __future__ import annotations

import secrets

from flask import Flask, abort, jsonify, request

app = Flask(__name__)
people: dict[str, str] = {}
sessions: dict[str, str] = {}
items: list[dict] = []


@app.errorhandler(RecursionError)
def nested_too_deeply(error: RecursionError):
    return jsonify(error="nested too deeply"), 400


def somebody() -> str:
    return sessions.get(request.headers.get("Authorization", "").removeprefix("Bearer ")) or abort(401)


@app.post("/register")
def register():
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in ("email", "password")):
        return jsonify(error="email and password are required"), 400
    if body["email"] in people:
        return jsonify(error="taken"), 409
    people[body["email"]] = body["password"]
    return jsonify(email=body["email"]), 201


@app.post("/login")
def log_in():
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or people.get(str(body.get("email")), "") != body.get("password"):
        return jsonify(error="wrong"), 401
    token = secrets.token_urlsafe(24)
    sessions[token] = body["email"]
    return jsonify(token=token)


@app.get("/items")
def listed():
    return jsonify([item for item in items if item["owner"] == somebody()])


@app.post("/items")
def made():
    owner = somebody()
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not body.get("price"):
        return jsonify(error="price is required"), 400
    items.append({"id": secrets.token_hex(8), "owner": owner, "share": 100 / body["price"]})
    return jsonify(items[-1]), 201
