"""A small shop, as an AI wrote it from one sentence: "orders with login, cancel, and notify the seller"."""

import hashlib
import logging
import os
import secrets
import sqlite3
import time

import requests
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("shop")
app = FastAPI()
PATH = os.environ.get("SHOP_DB", "shop.db")


def db():
    connection = sqlite3.connect(PATH)
    connection.row_factory = sqlite3.Row
    return connection


with db() as start:
    start.executescript("""
    create table if not exists users (id integer primary key, email text unique, password text, webhook_url text);
    create table if not exists tokens (token text primary key, user_id integer);
    create table if not exists orders (id integer primary key, buyer_id integer, item text, price real, status text);
    """)


class SignUp(BaseModel):
    email: str
    password: str
    webhook_url: str | None = None


class LogIn(BaseModel):
    email: str
    password: str


class NewOrder(BaseModel):
    item: str
    price: float


def hashed(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def current_user(authorization: str = Header()):
    token = authorization.removeprefix("Bearer ")
    with db() as connection:
        row = connection.execute(
            "select users.* from users join tokens on users.id = tokens.user_id where token = ?", (token,)
        ).fetchone()
    if row is None:
        raise HTTPException(401, "Invalid token")
    return row


def notify(url, payload):
    while True:
        try:
            response = requests.post(url, json=payload)
            if response.status_code < 300:
                return
        except requests.RequestException as error:
            log.error("notification to %s failed: %s", url, error)
        time.sleep(1)


@app.post("/register", status_code=201)
def register(body: SignUp):
    log.info("new user %s", body)
    with db() as connection:
        if connection.execute("select 1 from users where email = ?", (body.email,)).fetchone():
            raise HTTPException(409, "Email already registered")
        cursor = connection.execute(
            "insert into users (email, password, webhook_url) values (?, ?, ?)",
            (body.email, hashed(body.password), body.webhook_url),
        )
    return {"id": cursor.lastrowid, "email": body.email}


@app.post("/login")
def login(body: LogIn):
    with db() as connection:
        row = connection.execute("select * from users where email = ?", (body.email,)).fetchone()
        if row is None:
            raise HTTPException(404, "User not found")
        if row["password"] != hashed(body.password):
            raise HTTPException(401, "Wrong password")
        token = secrets.token_hex(16)
        connection.execute("insert into tokens values (?, ?)", (token, row["id"]))
    return {"access_token": token}


@app.post("/orders", status_code=201)
def create_order(body: NewOrder, user=Depends(current_user)):
    with db() as connection:
        cursor = connection.execute(
            "insert into orders (buyer_id, item, price, status) values (?, ?, ?, 'placed')",
            (user["id"], body.item, body.price),
        )
    if user["webhook_url"]:
        notify(user["webhook_url"], {"order": cursor.lastrowid, "buyer": dict(user)})
    return {"id": cursor.lastrowid, "item": body.item, "price": body.price, "status": "placed"}


@app.get("/orders")
def list_orders(limit: int = 100, user=Depends(current_user)):
    with db() as connection:
        rows = connection.execute("select * from orders where buyer_id = ? limit ?", (user["id"], limit)).fetchall()
    return [dict(row) for row in rows]


@app.get("/orders/{order_id}")
def read_order(order_id: int, user=Depends(current_user)):
    with db() as connection:
        row = connection.execute("select * from orders where id = ?", (order_id,)).fetchone()
    if row is None:
        raise HTTPException(404, "Order not found")
    return dict(row)


@app.post("/orders/{order_id}/cancel")
def cancel_order(order_id: int, user=Depends(current_user)):
    with db() as connection:
        row = connection.execute("select * from orders where id = ? and buyer_id = ?", (order_id, user["id"])).fetchone()
        if row is None:
            raise HTTPException(404, "Order not found")
        connection.execute("update orders set status = 'cancelled' where id = ?", (order_id,))
    return {"id": order_id, "status": "cancelled"}
