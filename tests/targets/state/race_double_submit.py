"""A refund: whether it was given already is read first, and the money is given in another transaction."""

from __future__ import annotations

import time

from flask import abort, g, jsonify
from flask_people import fields, frame, signed_in, whole
from people import HOLE, database, prepare

prepare("""
CREATE TABLE IF NOT EXISTS wallets (user_id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, user_id INTEGER, total INTEGER, status TEXT);
""")
app = frame("refunds")


def _order(db, order_id: int) -> dict[str, object]:
    row = None
    if order_id < 2**62:
        row = db.execute("SELECT * FROM orders WHERE id = ? AND user_id = ?", (order_id, g.user["id"])).fetchone()
    return dict(row or abort(404, "no such order"))


@app.get("/wallet")
@signed_in
def wallet():
    with database() as db:
        db.execute("INSERT OR IGNORE INTO wallets VALUES (?, 1000)", (g.user["id"],))
        return jsonify(dict(db.execute("SELECT balance FROM wallets WHERE user_id = ?", (g.user["id"],)).fetchone()))


@app.post("/orders")
@signed_in
def create_order():
    total = whole(fields(), "total", 1, 500)
    with database() as db:
        db.execute("INSERT OR IGNORE INTO wallets VALUES (?, 1000)", (g.user["id"],))
        paid = db.execute(
            "UPDATE wallets SET balance = balance - ? WHERE user_id = ? AND balance >= ?", (total, g.user["id"], total)
        )
        if not paid.rowcount:
            abort(409, "not enough money")
        made = db.execute("INSERT INTO orders (user_id, total, status) VALUES (?, ?, 'paid')", (g.user["id"], total))
        return jsonify(_order(db, made.lastrowid)), 201


@app.get("/orders/<int:order_id>")
@signed_in
def read_order(order_id: int):
    with database("DEFERRED") as db:
        return jsonify(_order(db, order_id))


@app.post("/orders/<int:order_id>/refund")
@signed_in
def refund(order_id: int):
    if HOLE:
        with database("DEFERRED") as db:
            if _order(db, order_id)["status"] != "paid":
                abort(409, "refunded already")
        time.sleep(0.002)  # asks the payment provider
    with database() as db:
        order = _order(db, order_id)
        guard = "" if HOLE else "AND status = 'paid'"
        if not db.execute(f"UPDATE orders SET status = 'refunded' WHERE id = ? {guard}", (order_id,)).rowcount:
            abort(409, "refunded already")
        db.execute("UPDATE wallets SET balance = balance + ? WHERE user_id = ?", (order["total"], g.user["id"]))
        return jsonify(_order(db, order_id))
