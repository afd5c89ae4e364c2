"""A backend is a page of typed declarations and pure functions; everything boring is derived, everything dangerous owned."""

from techlead.declare.access import anyone, between, member, owner, role, signed_in, the, where
from techlead.declare.account import Account
from techlead.declare.action import action
from techlead.declare.aggregate import count, total
from techlead.declare.effect import Effects, create, delete, refuse
from techlead.declare.facts import facts
from techlead.declare.field import Mapped, computed, copied, field, now, owned_by
from techlead.declare.notification import email, inbox, notification
from techlead.declare.resource import Body, Facts, Resource
from techlead.declare.rule import rule
from techlead.declare.types import Email, Internal, Json, Personal, Ref, Secret, Url, WebhookUrl
from techlead.primitives.money import Money
from techlead.serve.backend import Backend

__all__ = [
    "Account", "Backend", "Body", "Effects", "Email", "Facts", "Internal", "Json", "Mapped", "Money", "Personal", "Ref",
    "Resource", "Secret", "Url", "WebhookUrl", "action", "anyone", "between", "computed", "copied", "count",
    "create", "delete", "email", "facts", "field", "inbox", "member", "notification", "now",
    "owned_by", "owner", "refuse", "role", "rule", "signed_in", "the", "total", "where",
]  # fmt: skip
