"""The FastAPI frame: people, listings, orders; a target says what an order tells its seller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import outbox
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException
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
from pydantic import BaseModel, Field

Told = Callable[..., None]
EMAIL = r"^[^@\s]+@[^@\s]+$"


def nothing(*_: object) -> None:
    """Tell nobody."""


class SignUp(BaseModel):
    email: str = Field(max_length=200, pattern=EMAIL)
    password: str = Field(min_length=8, max_length=200)
    name: str = Field(min_length=1, max_length=100)


class LogIn(BaseModel):
    email: str = Field(max_length=200, pattern=EMAIL)
    password: str = Field(max_length=200)


class Profile(BaseModel):
    webhook_url: str = Field(max_length=500)


class ListingIn(BaseModel):
    title: str = Field(min_length=1, max_length=200)


class OrderIn(BaseModel):
    listing_id: int = Field(ge=1, le=2**31)


def me(authorization: Annotated[str | None, Header()] = None) -> dict[str, object]:
    user = asking(authorization)
    if user is None:
        raise HTTPException(401, "not signed in")
    return user


Me = Annotated[dict, Depends(me)]


def frame(
    *,
    placed: Told = nothing,
    cancelled: Told = nothing,
    joined: Told = nothing,
    after: Told = nothing,
    check_url: Callable[[str], bool] = lambda _: True,
) -> FastAPI:
    """Make the shop. `placed(db, order, listing)` runs within the transaction, `after(tasks, order, listing)` after it."""
    prepare()
    app = FastAPI()
    add_people(app, joined, check_url)
    add_shop(app, placed, cancelled, after)
    return app


def add_people(app: FastAPI, joined: Told, check_url: Callable[[str], bool]) -> None:
    @app.post("/register", status_code=201)
    def register(data: SignUp) -> dict[str, object]:
        made = sign_up(data.email, data.password, data.name)
        if made is None:
            raise HTTPException(409, "that address has an account")
        joined(made, data.password)
        return made

    @app.post("/login")
    def login(data: LogIn) -> dict[str, str]:
        token = log_in(data.email, data.password)
        if token is None:
            raise HTTPException(401, "wrong address or password")
        return {"access_token": token, "token_type": "bearer"}

    @app.get("/me")
    def who(user: Me) -> dict[str, object]:
        return user

    @app.patch("/me")
    def change_me(data: Profile, user: Me) -> dict[str, object]:
        if not check_url(data.webhook_url):
            raise HTTPException(422, "webhook_url must be public")
        set_webhook(user["id"], data.webhook_url)
        return {**user, "webhook_url": data.webhook_url}


def add_shop(app: FastAPI, placed: Told, cancelled: Told, after: Told) -> None:
    @app.post("/listings", status_code=201)
    def create_listing(data: ListingIn, user: Me) -> dict[str, object]:
        return new_listing(user["id"], data.title)

    @app.post("/orders", status_code=201)
    def place_order(data: OrderIn, user: Me, tasks: BackgroundTasks) -> dict[str, object]:
        with database() as db:
            listing = listing_with_seller(db, data.listing_id)
            if listing is None:
                raise HTTPException(404, "no such listing")
            order = new_order(db, data.listing_id, user["id"])
            placed(db, order, listing)
        after(tasks, order, listing)
        return order

    @app.post("/orders/{order_id}/cancel")
    def cancel(order_id: int, user: Me) -> dict[str, object]:
        with database() as db:
            order = cancel_order(db, order_id, user["id"])
            if order is None:
                raise HTTPException(404, "no such order")
            cancelled(db, order, listing_with_seller(db, order["listing_id"]))
        return order

    @app.post("/outbox/resend")
    def resend(user: Me) -> dict[str, int]:
        return {"sent_again": outbox.requeue()}
