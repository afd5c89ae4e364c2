"""The Flask frame: people, listings, orders; a target says what an order tells its seller."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import outbox
from flask import Flask, abort, g, jsonify, request
from people import (
    asking,
    cancel_order,
    database,
    listing_with_seller,
    log_in,
    new_listing,
    new_order,
    prepare,
    set_webhook,
    sign_up,
)
from werkzeug.exceptions import HTTPException

Told = Callable[..., None]


def nothing(*_: object) -> None:
    """Tell nobody."""


def fields() -> dict[str, object]:
    data = request.get_json()
    if not isinstance(data, dict):
        abort(400, "a JSON object is needed")
    return data


def text(data: dict[str, object], name: str, most: int = 200) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        abort(400, f"{name} must be a text of 1 to {most} characters")
    return value


def signed_in(view: Callable) -> Callable:
    @wraps(view)
    def inner(**given: object) -> object:
        g.user = asking(request.headers.get("Authorization"))
        if g.user is None:
            abort(401, "not signed in")
        return view(**given)

    return inner


def frame(*, placed: Told = nothing, cancelled: Told = nothing, joined: Told = nothing, webhooks: bool = True) -> Flask:
    """Make the shop. `placed(db, order, listing)` and `cancelled` run within the transaction, `joined(user, password)` after it."""
    prepare()
    app = Flask(__name__)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[object, int]:
        return jsonify(error=error.description), error.code or 500

    add_people(app, joined)
    if webhooks:
        add_webhooks(app)
    add_shop(app, placed, cancelled)
    return app


def add_people(app: Flask, joined: Told) -> None:
    @app.post("/register")
    def register() -> tuple[object, int]:
        data = fields()
        email, password = text(data, "email"), text(data, "password")
        if "@" not in email or len(password) < 8:
            abort(400, "email must be an address and password 8 characters")
        made = sign_up(email, password, text(data, "name"))
        if made is None:
            abort(409, "that address has an account")
        joined(made, password)
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


def add_webhooks(app: Flask) -> None:
    @app.patch("/me")
    @signed_in
    def change_me() -> object:
        data = fields()
        set_webhook(g.user["id"], text(data, "webhook_url"))
        return jsonify({**g.user, "webhook_url": data["webhook_url"]})


def add_shop(app: Flask, placed: Told, cancelled: Told) -> None:
    @app.post("/listings")
    @signed_in
    def create_listing() -> tuple[object, int]:
        data = fields()
        return jsonify(new_listing(g.user["id"], text(data, "title"))), 201

    @app.post("/listings/<int:listing_id>/orders")
    @signed_in
    def place_order(listing_id: int) -> tuple[object, int]:
        with database() as db:
            listing = listing_with_seller(db, listing_id)
            if listing is None:
                abort(404, "no such listing")
            order = new_order(db, listing_id, g.user["id"])
            placed(db, order, listing)
        return jsonify(order), 201

    @app.post("/orders/<int:order_id>/cancel")
    @signed_in
    def cancel(order_id: int) -> object:
        with database() as db:
            order = cancel_order(db, order_id, g.user["id"])
            if order is None:
                abort(404, "no such order")
            cancelled(db, order, listing_with_seller(db, order["listing_id"]))
        return jsonify(order)

    @app.post("/outbox/resend")
    @signed_in
    def resend() -> object:
        return jsonify(sent_again=outbox.requeue())
