"""What a field is about, by its name, format and type: a table of words."""

from __future__ import annotations

import re
from typing import Final

from techlead.audit.target.operation import Meaning

BY_FORMAT: Final = {
    "email": Meaning.EMAIL,
    "password": Meaning.PASSWORD,
    "uri": Meaning.URL,
    "url": Meaning.URL,
    "date-time": Meaning.WHEN,
    "date": Meaning.WHEN,
    "time": Meaning.WHEN,
    "binary": Meaning.FILE,
}

BY_NAME: Final[tuple[tuple[str, Meaning], ...]] = (
    (r"^e?_?mail(_?address)?$|_email$|^email_", Meaning.EMAIL),
    (r"^(user_?name|login|nick(_?name)?|handle|screen_name)$", Meaning.USERNAME),
    (r"pass(word|wd|phrase|code)?(_?(confirm(ation)?|again|repeat|\d))?$|^pwd|^pin$", Meaning.PASSWORD),
    (r"phone|mobile|^tel$|telephone", Meaning.PHONE),
    (r"iban|bank_?account|account_?number|card_?number", Meaning.IBAN),
    (r"birth|^dob$", Meaning.BIRTHDAY),
    (r"address|street|city|zip|postal|postcode", Meaning.ADDRESS),
    (r"^(page|offset|limit|per_?page|page_?size|skip|take|cursor|size)$", Meaning.PAGE),
    (
        r"^(is_)?(admin|staff|superuser|verified|vip|moderator)$|^(user_?)?(role|type)s?$|permissions?$|^scopes?$",
        Meaning.ROLE,
    ),
    (r"token|secret|api_?key|hash|salt|otp|^code$|signature|recovery|ssn|tax_?id", Meaning.SECRET),
    (r"url|uri|webhook|callback|avatar|link|^image$|endpoint|^site$|website", Meaning.URL),
    (r"price|amount|total|balance|cost|fee|cents|salary|budget|deposit|credit|money|discount", Meaning.MONEY),
    (r"quantity|qty|^count$|seats|stock|capacity|^units$|points|places|nights|guests|tickets$", Meaning.QUANTITY),
    (r"^(status|state|stage|phase)$", Meaning.STATUS),
    (
        r"(_at|_on|_date|_time|_until|_from|_to|^date|^time|^start|^end|^when|deadline|expires?|_day)$|^(starts?|ends?)_",
        Meaning.WHEN,
    ),
    (r"file|attachment|upload|photo|picture|document", Meaning.FILE),
    (r"^(first|last|full|display|given|family|sur)?_?name$", Meaning.NAME),
)

PEOPLE: Final = frozenset(
    [
        "user",
        "account",
        "person",
        "member",
        "customer",
        "client",
        "owner",
        "seller",
        "buyer",
        "author",
        "student",
        "teacher",
        "instructor",
        "agent",
        "assignee",
        "employee",
        "recipient",
        "receiver",
        "sender",
        "patient",
        "doctor",
        "guest",
        "host",
        "driver",
        "rider",
        "reviewer",
        "friend",
        "participant",
        "attendee",
        "trainer",
        "coach",
        "staff",
    ]
)
"""Nouns that mean somebody with an account."""


def meaning_of(name: str, kind: str, form: str | None = None) -> Meaning:
    """Guess; `kind` is JSON's word for the type."""
    if form in BY_FORMAT:
        return BY_FORMAT[form]
    if kind == "file":
        return Meaning.FILE
    plain = snake(name)
    if re.search(r"(^|_)(ids?|uuid|pk)$", plain) and plain != "tax_id":
        return Meaning.REFERENCE
    for pattern, meaning in BY_NAME:
        if re.search(pattern, plain) and _fits(meaning, kind):
            return meaning
    if plain in PEOPLE and kind in {"integer", "string"}:
        return Meaning.REFERENCE
    return {"boolean": Meaning.FLAG, "integer": Meaning.NUMBER, "number": Meaning.NUMBER, "string": Meaning.TEXT}.get(
        kind, Meaning.OTHER
    )


def snake(name: str) -> str:
    """`listingId` and `listing-id` are `listing_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", name).lower()


def singular(noun: str) -> str:
    """The noun's singular, as paths form them."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("xes", "x"), ("s", "")):
        if noun.endswith(ending) and len(noun) > len(ending) + 1 and not noun.endswith("ss"):
            return noun[: -len(ending)] + instead
    return noun


def _fits(meaning: Meaning, kind: str) -> bool:
    if meaning in {Meaning.MONEY, Meaning.QUANTITY, Meaning.PAGE}:
        return kind in {"integer", "number", "string", ""}
    if meaning in {Meaning.ROLE, Meaning.STATUS}:
        return kind != "object"
    return kind in {"string", "", "array"} if meaning is not Meaning.WHEN else kind != "boolean"
