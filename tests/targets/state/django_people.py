"""The Django frame of the little targets: sign-up, log-in, `signed_in`, in one file and without models."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps

import django
from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from people import asking, log_in, sign_up


def application(routes: list) -> Callable:
    """Make the WSGI application of a list of routes."""
    settings.configure(
        SECRET_KEY="only-for-tests-" * 4,
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF=type("Routes", (), {"urlpatterns": [*people_routes(), *routes]}),
        DATA_UPLOAD_MAX_MEMORY_SIZE=1_000_000,
    )
    django.setup()
    return get_wsgi_application()


def fields(request: HttpRequest) -> dict[str, object]:
    """Give the JSON object of the request."""
    try:
        data = json.loads(request.body)
    except RequestDataTooBig:
        raise
    except (ValueError, RecursionError) as error:
        raise BadRequest from error
    if not isinstance(data, dict):
        raise BadRequest
    return data


def text(data: dict[str, object], name: str, most: int = 200) -> str:
    """Give a text field that must be there."""
    value = data.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise BadRequest
    return value


def signed_in(view: Callable) -> Callable:
    """Refuse who is not signed in."""

    @wraps(view)
    def inner(request: HttpRequest, **given: object) -> HttpResponse:
        request.person = asking(request.headers.get("Authorization"))  # type: ignore[attr-defined]
        if request.person is None:  # type: ignore[attr-defined]
            return JsonResponse({"error": "not signed in"}, status=401)
        return view(request, **given)

    return inner


def register(request: HttpRequest) -> HttpResponse:
    data = fields(request)
    email, password, name = text(data, "email"), text(data, "password"), text(data, "name")
    if "@" not in email or len(password) < 8:
        return JsonResponse({"error": "email must be an address and password 8 characters"}, status=400)
    made = sign_up(email, password, name)
    return JsonResponse(made or {"error": "that address has an account"}, status=201 if made else 409)


def login(request: HttpRequest) -> HttpResponse:
    data = fields(request)
    token = log_in(text(data, "email"), text(data, "password"))
    return JsonResponse(
        {"token": token} if token else {"error": "wrong address or password"}, status=200 if token else 401
    )


@signed_in
def me(request: HttpRequest) -> HttpResponse:
    return JsonResponse(request.person)  # type: ignore[attr-defined]


def health(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"ok": True})


def people_routes() -> list:
    from django.urls import path

    return [path("register", register), path("login", login), path("me", me), path("health", health)]
