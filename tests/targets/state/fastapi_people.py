"""The FastAPI frame of the little targets: sign-up, log-in, `Me`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from people import asking, log_in, sign_up
from pydantic import BaseModel, Field


class SignUp(BaseModel):
    email: str = Field(max_length=200, pattern=r"^[^@\s]+@[^@\s]+$")
    password: str = Field(min_length=8, max_length=200)
    name: str = Field(min_length=1, max_length=100)


class LogIn(BaseModel):
    email: str = Field(max_length=200, pattern=r"^[^@\s]+@[^@\s]+$")
    password: str = Field(max_length=200)


def me(authorization: Annotated[str | None, Header()] = None) -> dict[str, object]:
    user = asking(authorization)
    if user is None:
        raise HTTPException(401, "not signed in")
    return user


Me = Annotated[dict, Depends(me)]


async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    """Say what is wrong without saying it back: an input that JSON cannot carry would break the answer."""
    return JSONResponse({"detail": [{"loc": list(map(str, e["loc"])), "msg": e["type"]} for e in error.errors()]}, 422)


def frame(title: str) -> FastAPI:
    """Make an application that people can sign up for."""
    app = FastAPI(title=title)
    app.add_exception_handler(RequestValidationError, refuse)

    @app.post("/register", status_code=201)
    def register(data: SignUp) -> dict[str, object]:
        made = sign_up(data.email, data.password, data.name)
        if made is None:
            raise HTTPException(409, "that address has an account")
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

    @app.get("/health")
    def health() -> dict[str, bool]:
        return {"ok": True}

    return app
