"""Courses: a certificate for whoever says that the lessons are completed, however long they last."""

from __future__ import annotations

import time

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("""
CREATE TABLE IF NOT EXISTS courses (id INTEGER PRIMARY KEY, teacher_id INTEGER, title TEXT);
CREATE TABLE IF NOT EXISTS lessons (id INTEGER PRIMARY KEY, course_id INTEGER, title TEXT, duration_seconds INTEGER);
CREATE TABLE IF NOT EXISTS progress (lesson_id INTEGER, user_id INTEGER, since REAL, completed INTEGER, UNIQUE (lesson_id, user_id));
""")
app = frame("Courses")


class CourseIn(BaseModel):
    title: str = Field(min_length=1, max_length=100, pattern=r"^[ -~]+$")


class LessonIn(CourseIn):
    duration_seconds: int = Field(ge=1, le=86_400)


class ProgressIn(BaseModel):
    completed: bool = False


def _row(db, table: str, row_id: int) -> dict[str, object]:
    row = db.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,)).fetchone() if row_id < 2**62 else None
    if row is None:
        raise HTTPException(404, "not found")
    return dict(row)


@app.post("/courses", status_code=201)
def create_course(data: CourseIn, user: Me) -> dict[str, object]:
    with database() as db:
        insert = "INSERT INTO courses (teacher_id, title) VALUES (?, ?)"
        return _row(db, "courses", db.execute(insert, (user["id"], data.title)).lastrowid)


@app.post("/courses/{course_id}/lessons", status_code=201)
def create_lesson(course_id: int, data: LessonIn, user: Me) -> dict[str, object]:
    with database() as db:
        if _row(db, "courses", course_id)["teacher_id"] != user["id"]:
            raise HTTPException(403, "only the teacher adds lessons")
        insert = "INSERT INTO lessons (course_id, title, duration_seconds) VALUES (?, ?, ?)"
        return _row(db, "lessons", db.execute(insert, (course_id, data.title, data.duration_seconds)).lastrowid)


@app.get("/lessons/{lesson_id}")
def read_lesson(lesson_id: int, user: Me) -> dict[str, object]:
    with database("DEFERRED") as db:
        return _row(db, "lessons", lesson_id)


@app.put("/lessons/{lesson_id}/progress")
def put_progress(lesson_id: int, data: ProgressIn, user: Me) -> dict[str, object]:
    with database() as db:
        lesson = _row(db, "lessons", lesson_id)
        begin = "INSERT OR IGNORE INTO progress (lesson_id, user_id, since, completed) VALUES (?, ?, ?, 0)"
        db.execute(begin, (lesson_id, user["id"], time.time()))
        mine = (lesson_id, user["id"])
        since = db.execute("SELECT since FROM progress WHERE lesson_id = ? AND user_id = ?", mine).fetchone()["since"]
        completed = data.completed and (HOLE or time.time() - since >= lesson["duration_seconds"])
        db.execute("UPDATE progress SET completed = ? WHERE lesson_id = ? AND user_id = ?", (completed, *mine))
        return {"lesson_id": lesson_id, "completed": completed}


@app.post("/courses/{course_id}/certificate", status_code=201)
def certificate(course_id: int, user: Me) -> dict[str, object]:
    with database("DEFERRED") as db:
        course = _row(db, "courses", course_id)
        lessons = db.execute("SELECT id FROM lessons WHERE course_id = ?", (course_id,)).fetchall()
        done = "SELECT completed FROM progress WHERE lesson_id = ? AND user_id = ? AND completed"
        if not lessons or not all(db.execute(done, (one["id"], user["id"])).fetchone() for one in lessons):
            raise HTTPException(409, "not all lessons are completed")
        return {"course": course["title"], "user_id": user["id"]}
