"""Peer: FastAPI with SQLModel, synchronous, as FastAPI's full-stack template writes it (JWT, user and row by ORM, owner check).

A POST with an `Idempotency-Key` also keeps its answer and writes an audit row, all in one transaction, in the same style.
"""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pwdlib import PasswordHash
from pydantic import BaseModel, EmailStr
from sqlalchemy import JSON, Column, Index, event
from sqlmodel import Field, Session, SQLModel, col, create_engine, func, select

SIGNING_KEY = os.environ["BENCH_SIGNING_KEY"]
engine = create_engine(f"sqlite:///{os.environ['BENCH_DATABASE']}", connect_args={"timeout": 30, "check_same_thread": False})
passwords = PasswordHash.recommended()


@event.listens_for(engine, "connect")
def durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


class User(SQLModel, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    email: str = Field(max_length=255, unique=True, index=True)
    hashed_password: str
    is_active: bool = True


class Credentials(SQLModel):
    email: EmailStr
    password: str = Field(min_length=8, max_length=128)


class AdvertFields(SQLModel):
    title: str = Field(min_length=1, max_length=120)
    description: str = Field(max_length=500)
    price_cents: int = Field(ge=100, le=10**12)
    quantity: int = Field(ge=1, le=1000)
    category: str = Field(regex="^(bike|book|tool|toy)$")
    contact: str
    available: bool


class AdvertCreate(AdvertFields):
    contact: EmailStr


class Advert(AdvertFields, table=True):
    __table_args__ = (Index("ix_advert_newest", "owner_id", "created_at"),)
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    owner_id: uuid.UUID = Field(foreign_key="user.id")
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class AdvertPublic(AdvertFields):
    id: uuid.UUID
    owner_id: uuid.UUID
    created_at: datetime


class AdvertsPublic(SQLModel):
    data: list[AdvertPublic]
    count: int


class KeptAnswer(SQLModel, table=True):
    user_id: uuid.UUID = Field(foreign_key="user.id", primary_key=True)
    key: str = Field(max_length=128, primary_key=True)
    fingerprint: str = Field(max_length=64)
    status: int
    body: str
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC), index=True)


class AuditEntry(SQLModel, table=True):
    __table_args__ = (Index("ix_auditentry_row", "row_id", "at"),)
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    user_id: uuid.UUID = Field(foreign_key="user.id")
    operation: str = Field(max_length=80)
    row_id: uuid.UUID
    changes: dict[str, Any] = Field(sa_column=Column(JSON))


class TokenPayload(BaseModel):
    sub: uuid.UUID


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
BearerDep = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


def get_current_user(session: SessionDep, bearer: BearerDep) -> User:
    try:
        payload = TokenPayload(**jwt.decode(bearer.credentials, SIGNING_KEY, algorithms=["HS256"]))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise HTTPException(403, "Could not validate credentials") from error
    user = session.get(User, payload.sub)
    if user is None or not user.is_active:
        raise HTTPException(404, "User not found")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    SQLModel.metadata.create_all(engine)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/auth/register", status_code=201)
def register(session: SessionDep, body: Credentials) -> dict[str, str]:
    session.add(User(email=body.email, hashed_password=passwords.hash(body.password)))
    session.commit()
    return {"email": body.email}


@app.post("/auth/login")
def login(session: SessionDep, body: Credentials) -> dict[str, str]:
    user = session.exec(select(User).where(User.email == body.email)).first()
    if user is None or not passwords.verify(body.password, user.hashed_password):
        raise HTTPException(400, "Incorrect email or password")
    claims = {"sub": str(user.id), "exp": datetime.now(UTC) + timedelta(days=8)}
    return {"token": jwt.encode(claims, SIGNING_KEY, algorithm="HS256")}


@app.get("/adverts", response_model=AdvertsPublic)
def read_adverts(session: SessionDep, user: CurrentUser, skip: int = 0, limit: int = 50) -> Any:
    count = session.exec(select(func.count()).select_from(Advert).where(Advert.owner_id == user.id)).one()
    newest = select(Advert).where(Advert.owner_id == user.id).order_by(col(Advert.created_at).desc())
    return AdvertsPublic(data=session.exec(newest.offset(skip).limit(limit)).all(), count=count)


@app.get("/adverts/{advert_id}", response_model=AdvertPublic)
def read_advert(session: SessionDep, user: CurrentUser, advert_id: uuid.UUID) -> Any:
    advert = session.get(Advert, advert_id)
    if advert is None:
        raise HTTPException(404, "Advert not found")
    if advert.owner_id != user.id:
        raise HTTPException(403, "Not enough permissions")
    return advert


@app.post("/adverts", response_model=AdvertPublic, status_code=201)
def create_advert(
    session: SessionDep, user: CurrentUser, body: AdvertCreate, idempotency_key: Annotated[str | None, Header()] = None
) -> Any:
    if idempotency_key is not None:
        return create_advert_once(session, user, body, idempotency_key)
    advert = Advert.model_validate(body, update={"owner_id": user.id})
    session.add(advert)
    session.commit()
    session.refresh(advert)
    return advert


def create_advert_once(session: Session, user: User, body: AdvertCreate, key: str) -> Response:
    fingerprint = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    kept = session.get(KeptAnswer, (user.id, key))
    if kept is not None:
        if kept.fingerprint != fingerprint:
            raise HTTPException(422, "This key was used for another request")
        return Response(kept.body, kept.status, media_type="application/json")
    advert = Advert.model_validate(body, update={"owner_id": user.id})
    answer = AdvertPublic.model_validate(advert).model_dump_json()
    changes = body.model_dump(mode="json")
    session.add(advert)
    session.add(AuditEntry(user_id=user.id, operation="create", row_id=advert.id, changes=changes))
    session.add(KeptAnswer(user_id=user.id, key=key, fingerprint=fingerprint, status=201, body=answer))
    session.commit()
    return Response(answer, 201, media_type="application/json")
