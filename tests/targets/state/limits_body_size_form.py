"""Avatars: Django bounds JSON bodies by itself, but files of a form are read whatever their size."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django_people import application
from people import HOLE

BODY_BYTES_MAX = 1_000_000


def avatar(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return JsonResponse({"error": "POST"}, status=405)
    if not HOLE and int(request.headers.get("Content-Length") or 0) > BODY_BYTES_MAX:
        return JsonResponse({"error": "the body is too large"}, status=413, headers={"Connection": "close"})
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"error": "file is needed"}, status=400)
    return JsonResponse({"name": file.name[:100], "size": file.size}, status=201)


app = application([path("avatar", avatar)])
