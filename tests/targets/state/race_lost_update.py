"""A profile: the whole row is read, one field is changed, and the whole row is written."""

from __future__ import annotations

import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django_people import application, fields, signed_in, text
from people import HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS profiles (user_id INTEGER PRIMARY KEY, city TEXT, motto TEXT);")


def _profile(db, user_id: int) -> dict[str, object]:
    db.execute("INSERT OR IGNORE INTO profiles VALUES (?, '', '')", (user_id,))
    return dict(db.execute("SELECT * FROM profiles WHERE user_id = ?", (user_id,)).fetchone())


@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    mine = request.person["id"]
    if request.method == "GET":
        with database() as db:
            return JsonResponse(_profile(db, mine))
    if request.method != "PATCH":
        return JsonResponse({"error": "GET or PATCH"}, status=405)
    data = fields(request)
    changes = {name: text(data, name) for name in ("city", "motto") if name in data}
    with database() as db:
        row = _profile(db, mine)
        if not HOLE:
            row |= changes
            db.execute("UPDATE profiles SET city = :city, motto = :motto WHERE user_id = :user_id", row)
    if HOLE:
        time.sleep(0.002)  # renders a picture
        row |= changes
        with database() as db:
            db.execute("UPDATE profiles SET city = :city, motto = :motto WHERE user_id = :user_id", row)
    return JsonResponse(row)


app = application([path("profile", profile)])
