"""Comments: a body of any size is read into memory before somebody looks at it."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS comments (id INTEGER PRIMARY KEY, user_id INTEGER, text TEXT);")
app = frame("Comments")
BODY_BYTES_MAX = 1_000_000


class CommentIn(BaseModel):
    text: str = Field(min_length=1, max_length=1000, pattern=r"^[ -~]+$")


@app.post("/comments", status_code=201)
def create_comment(data: CommentIn, user: Me) -> dict[str, object]:
    with database() as db:
        made = db.execute("INSERT INTO comments (user_id, text) VALUES (?, ?)", (user["id"], data.text))
        return {"id": made.lastrowid, "user_id": user["id"], "text": data.text}


@app.middleware("http")
async def bounded(request: Request, call_next):
    if not HOLE and int(request.headers.get("content-length") or 0) > BODY_BYTES_MAX:
        return JSONResponse({"detail": "the body is too large"}, 413, {"Connection": "close"})
    return await call_next(request)
