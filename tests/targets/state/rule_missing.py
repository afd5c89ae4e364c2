"""Purchases: the day on which something was bought may lie in the future."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django_people import application, fields, signed_in, text
from people import HOLE, database, prepare

prepare(
    "CREATE TABLE IF NOT EXISTS purchases (id INTEGER PRIMARY KEY, user_id INTEGER, reference TEXT, purchased_at TEXT);"
)


@signed_in
def purchases(request: HttpRequest) -> HttpResponse:
    mine = request.person["id"]
    if request.method == "GET":
        with database("DEFERRED") as db:
            rows = db.execute("SELECT * FROM purchases WHERE user_id = ? ORDER BY id DESC LIMIT 100", (mine,))
            return JsonResponse({"items": [dict(row) for row in rows]})
    if request.method != "POST":
        return JsonResponse({"error": "GET or POST"}, status=405)
    data = fields(request)
    reference, purchased_at = text(data, "reference"), text(data, "purchased_at")
    try:
        when = datetime.fromisoformat(purchased_at)
    except ValueError as error:
        raise BadRequest from error
    if when.tzinfo is None or not 1970 < when.year < 3000 or (not HOLE and when > datetime.now(UTC)):
        raise BadRequest
    with database() as db:
        insert = "INSERT INTO purchases (user_id, reference, purchased_at) VALUES (?, ?, ?)"
        made = db.execute(insert, (mine, reference, purchased_at))
    return JsonResponse({"id": made.lastrowid, "reference": reference, "purchased_at": purchased_at}, status=201)


app = application([path("purchases", purchases)])
