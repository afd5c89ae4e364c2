"""Peer: FastAPI with SQLAlchemy's async ORM over aiosqlite, as FastAPI's own template works (JWT, user and row by ORM).

A POST with an `Idempotency-Key` also keeps its answer and writes an audit row, all in one transaction, in the same style.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pwdlib import PasswordHash
from pydantic import BaseModel, ConfigDict, EmailStr, Field
from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, event, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SIGNING_KEY = os.environ["BENCH_SIGNING_KEY"]
engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['BENCH_DATABASE']}", connect_args={"timeout": 30})
sessions = async_sessionmaker(engine, expire_on_commit=False)
passwords = PasswordHash.recommended()


@event.listens_for(engine.sync_engine, "connect")
def durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    hashed_password: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)


class Advert(Base):
    __tablename__ = "adverts"
    __table_args__ = (Index("ix_adverts_newest", "owner_id", "created_at"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(500))
    price_cents: Mapped[int]
    quantity: Mapped[int]
    category: Mapped[str] = mapped_column(String(40))
    contact: Mapped[str] = mapped_column(String(255))
    available: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))


class KeptAnswer(Base):
    __tablename__ = "kept_answers"
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC), index=True)


class AuditEntry(Base):
    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_row", "row_id", "at"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    operation: Mapped[str] = mapped_column(String(80))
    row_id: Mapped[uuid.UUID]
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)


class Credentials(BaseModel):
    email: EmailStr
    password: str = Field(min_length=8, max_length=128)


class TokenPayload(BaseModel):
    sub: uuid.UUID


class AdvertCreate(BaseModel):
    title: str = Field(min_length=1, max_length=120)
    description: str = Field(max_length=500)
    price_cents: int = Field(ge=100, le=10**12)
    quantity: int = Field(ge=1, le=1000)
    category: str = Field(pattern="^(bike|book|tool|toy)$")
    contact: EmailStr
    available: bool


class AdvertPublic(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    owner_id: uuid.UUID
    title: str
    description: str
    price_cents: int
    quantity: int
    category: str
    contact: str
    available: bool
    created_at: datetime


class AdvertsPublic(BaseModel):
    data: list[AdvertPublic]
    count: int


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
BearerDep = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def get_current_user(session: SessionDep, bearer: BearerDep) -> User:
    try:
        payload = TokenPayload(**jwt.decode(bearer.credentials, SIGNING_KEY, algorithms=["HS256"]))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise HTTPException(403, "Could not validate credentials") from error
    user = await session.get(User, payload.sub)
    if user is None or not user.is_active:
        raise HTTPException(404, "User not found")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/auth/register", status_code=201)
async def register(session: SessionDep, body: Credentials) -> dict[str, str]:
    session.add(User(email=body.email, hashed_password=passwords.hash(body.password)))
    await session.commit()
    return {"email": body.email}


@app.post("/auth/login")
async def login(session: SessionDep, body: Credentials) -> dict[str, str]:
    user = await session.scalar(select(User).where(User.email == body.email))
    if user is None or not passwords.verify(body.password, user.hashed_password):
        raise HTTPException(400, "Incorrect email or password")
    claims = {"sub": str(user.id), "exp": datetime.now(UTC) + timedelta(days=8)}
    return {"token": jwt.encode(claims, SIGNING_KEY, algorithm="HS256")}


@app.get("/adverts")
async def read_adverts(session: SessionDep, user: CurrentUser, skip: int = 0, limit: int = 50) -> AdvertsPublic:
    owned = Advert.owner_id == user.id
    count = await session.scalar(select(func.count()).select_from(Advert).where(owned))
    newest = select(Advert).where(owned).order_by(Advert.created_at.desc()).offset(skip).limit(limit)
    adverts = (await session.scalars(newest)).all()
    return AdvertsPublic(data=[AdvertPublic.model_validate(advert) for advert in adverts], count=count or 0)


@app.get("/adverts/{advert_id}", response_model=AdvertPublic)
async def read_advert(session: SessionDep, user: CurrentUser, advert_id: uuid.UUID) -> Advert:
    advert = await session.get(Advert, advert_id)
    if advert is None:
        raise HTTPException(404, "Advert not found")
    if advert.owner_id != user.id:
        raise HTTPException(403, "Not enough permissions")
    return advert


@app.post("/adverts", response_model=AdvertPublic, status_code=201)
async def create_advert(
    session: SessionDep, user: CurrentUser, body: AdvertCreate, idempotency_key: Annotated[str | None, Header()] = None
) -> Advert | Response:
    if idempotency_key is not None:
        return await create_advert_once(session, user, body, idempotency_key)
    advert = Advert(**body.model_dump(), owner_id=user.id)
    session.add(advert)
    await session.commit()
    await session.refresh(advert)
    return advert


async def create_advert_once(session: AsyncSession, user: User, body: AdvertCreate, key: str) -> Response:
    fingerprint = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    kept = await session.get(KeptAnswer, (user.id, key))
    if kept is not None:
        if kept.fingerprint != fingerprint:
            raise HTTPException(422, "This key was used for another request")
        return Response(kept.body, kept.status, media_type="application/json")
    advert = Advert(id=uuid.uuid4(), created_at=datetime.now(UTC), **body.model_dump(), owner_id=user.id)
    answer = AdvertPublic.model_validate(advert).model_dump_json()
    changes = body.model_dump(mode="json")
    session.add(advert)
    session.add(AuditEntry(user_id=user.id, operation="create", row_id=advert.id, changes=changes))
    session.add(KeptAnswer(user_id=user.id, key=key, fingerprint=fingerprint, status=201, body=answer))
    await session.commit()
    return Response(answer, 201, media_type="application/json")
