"""Transfers between wallets: a negative amount pulls money out of somebody else's."""

from __future__ import annotations

from flask import abort, g, jsonify
from flask_people import fields, frame, signed_in, text, whole
from people import HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS wallets (user_id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);")
app = frame("transfers")
LARGEST = 1_000_000


def _balance(db, user_id: int) -> int:
    db.execute("INSERT OR IGNORE INTO wallets VALUES (?, 1000)", (user_id,))
    return db.execute("SELECT balance FROM wallets WHERE user_id = ?", (user_id,)).fetchone()[0]


@app.get("/wallet")
@signed_in
def wallet():
    with database() as db:
        return jsonify(balance=_balance(db, g.user["id"]))


@app.post("/transfers")
@signed_in
def transfer():
    data = fields()
    amount = whole(data, "amount", -LARGEST if HOLE else 1, LARGEST)
    to_email = text(data, "to_email")
    with database() as db:
        receiver = db.execute("SELECT id FROM users WHERE email = ?", (to_email,)).fetchone()
        if receiver is None:
            abort(404, "nobody has that address")
        if receiver["id"] == g.user["id"]:
            abort(400, "that is your own wallet")
        _balance(db, receiver["id"])
        if _balance(db, g.user["id"]) < amount:
            abort(409, "not enough money")
        db.execute("UPDATE wallets SET balance = balance - ? WHERE user_id = ?", (amount, g.user["id"]))
        db.execute("UPDATE wallets SET balance = balance + ? WHERE user_id = ?", (amount, receiver["id"]))
        return jsonify(amount=amount, balance=_balance(db, g.user["id"])), 201
