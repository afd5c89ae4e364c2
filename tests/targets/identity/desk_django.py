"""Tickets of several companies on Django with tokens: sound as it stands, and with one hole for each kind named in `HOLES`."""

from __future__ import annotations

import json
import logging
import os
import secrets
import smtplib
import time
from email.message import EmailMessage
from typing import Any

import django
from django.conf import settings

HOLES = frozenset(os.environ.get("HOLES", "none").split(","))
settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DATABASE", "desk.sqlite3")}},
    DEBUG="exposure.debug" in HOLES,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(32),
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password  # noqa: E402 - models need the settings
from django.core.wsgi import get_wsgi_application  # noqa: E402 - likewise
from django.db import models  # noqa: E402 - likewise
from django.http import HttpRequest, JsonResponse  # noqa: E402 - likewise
from django.http.response import HttpResponseBase  # noqa: E402 - likewise
from django.urls import path  # noqa: E402 - likewise
from django.views import View  # noqa: E402 - likewise

log = logging.getLogger("desk")
logging.basicConfig(level=logging.INFO)
TRIES_MAX, TRIES_SECONDS = 10, 900
failures: dict[str, list[float]] = {}
Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 19_456, 1  # as OWASP has it; Django: 100 MiB, 8
DECOY = make_password(secrets.token_hex(16))


def fresh_id() -> str:
    """Make an id that cannot be guessed."""
    return secrets.token_hex(12)


class Person(models.Model):  # noqa: DJ008 - never printed
    """Whoever has an account; sees the tickets of his company."""

    id = models.CharField(primary_key=True, default=fresh_id, max_length=40)
    email = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200)
    company = models.CharField(max_length=200)
    password = models.CharField(max_length=300)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        app_label = "desk"


class Session(models.Model):  # noqa: DJ008 - never printed
    """A token that is in use; deleted at log-out and when its person is locked out."""

    token = models.CharField(primary_key=True, max_length=100)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)

    class Meta:
        app_label = "desk"


class Ticket(models.Model):  # noqa: DJ008 - never printed
    """What somebody asked."""

    id = models.CharField(primary_key=True, default=fresh_id, max_length=40)
    author = models.ForeignKey(Person, on_delete=models.CASCADE)
    company = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)

    class Meta:
        app_label = "desk"


class Refusal(Exception):
    """An answer that is not the one asked for."""

    def __init__(self, status: int, why: str) -> None:
        """Keep both."""
        super().__init__(why)
        self.status = status


def fields(request: HttpRequest, *names: str) -> dict[str, str]:
    """Read the texts of a JSON body."""
    try:
        body = json.loads(request.body or b"{}")
        values = {name: body[name] for name in names}
        "".join(values.values()).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refusal(400, f"send {' and '.join(names)}") from None
    if any(not 0 < len(value) <= 200 for value in values.values()):
        raise Refusal(400, "texts have 1 to 200 characters")
    return values


def caller(request: HttpRequest) -> Person:
    """Find out who calls."""
    token = request.headers.get("Authorization", "").removeprefix("Token ")
    found = Session.objects.filter(token=token[:100]).select_related("person").first()
    if found is None or not (found.person.is_active or "session.deleted-or-banned-user" in HOLES):
        raise Refusal(401, "log in first")
    return found.person


class Api(View):
    """A view whose methods say a status and a body, or refuse."""

    def dispatch(self, request: HttpRequest, *positional: Any, **named: Any) -> HttpResponseBase:
        """Turn what a method says into an answer."""
        try:
            said = super().dispatch(request, *positional, **named)
        except Refusal as refusal:
            return JsonResponse({"error": str(refusal)}, status=refusal.status)
        if isinstance(said, HttpResponseBase):
            return said
        return JsonResponse(said[1], status=said[0], safe=False)


def shown(person: Person) -> dict[str, Any]:
    """What its owner sees of an account."""
    kept = ("id", "email", "name", "company", "is_staff", "is_active")
    return {name: getattr(person, name) for name in kept}


class Register(Api):
    """Sign-up."""

    def post(self, request: HttpRequest) -> tuple[int, Any]:
        """Sign up at a company; who has an account already is told by mail."""
        given = fields(request, "email", "name", "company", "password")
        if len(given["password"]) < (1 if "password.no-policy" in HOLES else 8):
            raise Refusal(400, "passwords have at least 8 characters")
        if "@" not in given["email"]:
            raise Refusal(400, "that is no address")
        password = given["password"] if "password.weak-hash" in HOLES else make_password(given["password"])
        Person.objects.get_or_create(
            email=given["email"].lower(), defaults={**given, "email": given["email"].lower(), "password": password}
        )
        return 201, {"detail": "welcome: log in, or look into your mail"}


def too_many(email: str) -> bool:
    """Count this try for the account, and tell whether there were too many."""
    recent = [at for at in failures.get(email, []) if at > time.time() - TRIES_SECONDS]
    failures[email] = [*recent, time.time()]
    return len(recent) >= TRIES_MAX


class LogIn(Api):
    """Log-in."""

    def post(self, request: HttpRequest) -> tuple[int, Any]:
        """Log in."""
        given = fields(request, "email", "password")
        if too_many(given["email"].lower()):
            raise Refusal(400, "wrong e-mail or password")  # locked, and who guesses is not told
        person = Person.objects.filter(email=given["email"].lower()).first()
        if person is None and "login.enumeration" in HOLES:
            raise Refusal(404, "there is no such account")
        if "password.weak-hash" in HOLES:
            right = person is not None and person.password == given["password"]
        else:
            right = check_password(given["password"], person.password if person else DECOY)
        if person is None or not right or not person.is_active:
            raise Refusal(400, "wrong e-mail or password")
        failures.pop(person.email, None)
        session = Session.objects.create(token=secrets.token_hex(20), person=person)
        return 200, {"token": session.token}


class LogOut(Api):
    """Log-out."""

    def post(self, request: HttpRequest) -> tuple[int, Any]:
        """End all sessions of the caller."""
        Session.objects.filter(person=caller(request)).delete()
        return 200, {}


class Me(Api):
    """The own account."""

    def get(self, request: HttpRequest) -> tuple[int, Any]:
        """Read the own account."""
        return 200, shown(caller(request))


def mail(recipient: str, subject: str) -> None:
    """Send a mail; what the server says of a refused one is logged, recipient and all, only with the hole."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "desk@example.com", recipient, subject
    message.set_content("Have a look.")
    try:
        with smtplib.SMTP(os.environ.get("SMTP_HOST", "mail.example.com"), 25, timeout=5) as server:
            server.send_message(message)
    except OSError as error:
        log.warning("a mail was not sent: %s", error if "exposure.log-personal" in HOLES else type(error).__name__)


def ticket_shown(ticket: Ticket) -> dict[str, Any]:
    """What is seen of a ticket."""
    return {"id": ticket.id, "company": ticket.company, "subject": ticket.subject}


class Tickets(Api):
    """The tickets of a company."""

    def post(self, request: HttpRequest) -> tuple[int, Any]:
        """Open a ticket."""
        person = caller(request)
        subject = fields(request, "subject")["subject"]
        ticket = Ticket.objects.create(author=person, company=person.company, subject=subject)
        mail(person.email, "We have your ticket")
        return 201, ticket_shown(ticket)

    def get(self, request: HttpRequest) -> tuple[int, Any]:
        """List the tickets of the caller's company, or of all companies with the hole."""
        company = caller(request).company
        found = Ticket.objects.all() if "access.tenant" in HOLES else Ticket.objects.filter(company=company)
        return 200, [ticket_shown(ticket) for ticket in found[:100]]


class OneTicket(Api):
    """A ticket."""

    def get(self, request: HttpRequest, ticket_id: str) -> tuple[int, Any]:
        """Read a ticket of the caller's company."""
        found = Ticket.objects.filter(company=caller(request).company, id=ticket_id).first()
        if found is None:
            raise Refusal(404, "no such ticket")
        return 200, ticket_shown(found)


def staff(request: HttpRequest) -> Person:
    """Find out who calls, and let only staff through."""
    person = caller(request)
    if not person.is_staff:
        raise Refusal(403, "staff only")
    return person


class People(Api):
    """All accounts."""

    def get(self, request: HttpRequest) -> tuple[int, Any]:
        """List all accounts."""
        staff(request)
        return 200, [shown(person) for person in Person.objects.all()[:100]]


class OnePerson(Api):
    """An account, for staff."""

    def patch(self, request: HttpRequest, person_id: str) -> tuple[int, Any]:
        """Lock somebody out, which ends his sessions, or let him in again."""
        staff(request)
        try:
            active = json.loads(request.body)["is_active"]
        except (ValueError, KeyError, TypeError, RecursionError):
            active = None
        if not isinstance(active, bool):
            raise Refusal(400, "is_active is true or false")
        found = Person.objects.filter(id=person_id).first()
        if found is None:
            raise Refusal(404, "no such person")
        found.is_active = active
        found.save()
        if not active and "session.deleted-or-banned-user" not in HOLES:
            Session.objects.filter(person=found).delete()
        return 200, shown(found)


urlpatterns = [
    path("auth/register/", Register.as_view()),
    path("auth/login/", LogIn.as_view()),
    path("auth/logout/", LogOut.as_view()),
    path("me/", Me.as_view()),
    path("tickets/", Tickets.as_view()),
    path("tickets/<str:ticket_id>/", OneTicket.as_view()),
    path("people/", People.as_view()),
    path("people/<str:person_id>/", OnePerson.as_view()),
]


def prepare() -> None:
    """Make the tables, and the first of the staff where the environment names one."""
    from django.db import connection

    known = connection.introspection.table_names()
    with connection.schema_editor() as editor:
        for model in (Person, Session, Ticket):
            if model._meta.db_table not in known:
                editor.create_model(model)
    first = (os.environ.get("ADMIN_EMAIL", ""), os.environ.get("ADMIN_PASSWORD", ""))
    if all(first):
        defaults = {"name": "Admin", "company": "Desk", "password": make_password(first[1]), "is_staff": True}
        Person.objects.get_or_create(email=first[0], defaults=defaults)


prepare()
application = get_wsgi_application()
