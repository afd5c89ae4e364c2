"""Systems, endpoints, addresses and templates that cannot stand are refused at start, each at its line with its mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import SHOP, assert_refused, load, plan_of

from techlead.derive.compile import derive
from techlead.errors import DeclarationsRefused

PAID = """
payments = backend.incoming(key="PAYMENT_KEY")
gateway = backend.system("https://sms.example/v1", credentials="SMS_TOKEN")
class Paid(Body):
    order: Mapped[Ref[Order]]
    amount: Mapped[int] = field(ge=0)
"""
SYSTEMS = {
    "a system by its address alone": ('backend.system("https://sms.example")', "not assigned to a name", "write `sms_gateway"),
    "a plain address": ('other = backend.system("http://sms.example")', "its address must be an absolute https", "https://sms"),
    "a user in an address": ('other = backend.system("https://a:b@sms.example")', "without a user or password", "https://sms"),
    "an address with a query": ('other = backend.system("https://sms.example/?a=b")', "not in its plain form", "without ? and #"),
    "a secret instead of its name": (
        'other = backend.system("https://sms.example", credentials="sk_live_123")', "credentials is not the name of an environment",
        "never stands in a declaration"),
    "a header of ours": (
        'other = backend.system("https://sms.example", idempotency_header="Authorization")', "no header of its own", "Idempotency-Key"),
    "a wait without end": ('other = backend.system("https://sms.example", seconds_max=3600)', "seconds_max", "waits longer"),
    "no rate": ('other = backend.system("https://sms.example", calls_per_second=0)', "calls_per_second", "what the system takes"),
    "a key instead of its name": ('other = backend.incoming(key="whsec_abc")', "key is not the name", "never stands"),
    "a window without end": (
        'other = backend.incoming(key="OTHER_KEY", window_seconds=10**6)', "window_seconds is not between", "300"),
    "a name in capitals": ('OTHER = backend.system("https://sms.example")', "not in snake_case", "sms_gateway"),
}  # fmt: skip
ACTIONS = {
    "an answer and a request": ("Order, on=gateway, by=owner", "order: Order", "`by` decides nothing", "leave out `by`"),
    "an actor nobody is": ("Order, on=gateway", "order: Order, actor: Person", "there is no actor", "do without"),
    "an answer that is none": ("Order, by=owner", "order: Order, delivered: bool", "known only to what runs on", "leave it out"),
    "an event without a body": ('Order, on=payments.event("paid")', "order: Order", "has no fields that lead to a Order", "Ref[Order]"),
    "an event without a name": ('Order, on=payments.event("")', "order: Order, body: Paid", "its event has no name", "payments.event"),
}  # fmt: skip
WAYS = {
    "a room without an address": ('Order, to="seller", via=[chat]', "a chat room has an address", "chat.at("),
    "an address of the inbox": ('Order, to="seller", via=[inbox.at("note")]', "inbox takes no address", "say inbox alone"),
    "a webhook of accounts that have none": ('Order, to="seller", via=[webhook]', "Person has no fields of the type WebhookUrl", "webhook.at("),
    "an address that is no address": ('Order, to="seller", via=[chat.at("listing.title")]', "which is no WebhookUrl", "that type"),
    "an address that is not there": ('Order, to="seller", via=[chat.at("listing.chat_url")]', "Listing has no field 'chat_url'", "there is"),
    "an address behind no reference": ('Order, to="seller", via=[chat.at("note.chat_url")]', "note is no reference", "Ref["),
    "one channel twice": ('Order, to="seller", via=[chat.at("a"), chat.at("b")]', "names a channel twice", "once"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "reason", "mend"), SYSTEMS.values(), ids=SYSTEMS.keys())
def test_a_system_is_refused(tmp_path: Path, line: str, reason: str, mend: str):
    assert_refused(tmp_path, f"{SHOP}{line}  # HERE\n", reason, mend)


@pytest.mark.parametrize(("said", "takes", "reason", "mend"), ACTIONS.values(), ids=ACTIONS.keys())
def test_an_action_that_another_system_cannot_run_is_refused(
    tmp_path: Path, said: str, takes: str, reason: str, mend: str
):
    assert_refused(
        tmp_path, f"{SHOP}{PAID}@action({said})  # HERE\ndef paid({takes}) -> None:\n    pass\n", reason, mend
    )


@pytest.mark.parametrize(("said", "reason", "mend"), WAYS.values(), ids=WAYS.keys())
def test_a_way_without_an_address_is_refused(tmp_path: Path, said: str, reason: str, mend: str):
    page = f"{SHOP}told = notification({said})  # HERE\n"
    if 'chat.at("a")' in said:
        with pytest.raises(DeclarationsRefused, match=reason):
            derive(load(tmp_path, page).backend)
    else:
        assert_refused(tmp_path, page, reason, mend)


def test_an_address_that_is_never_read_back_is_refused(tmp_path: Path):
    page = SHOP.replace("    nickname:", "    hook: Mapped[Secret[WebhookUrl] | None]\n    nickname:")
    assert_refused(
        tmp_path,
        f'{page}told = notification(Order, to="seller", via=[webhook])  # HERE\n',
        "never read back",
        "read=owner",
    )
    at = 'told = notification(Order, to="seller", via=[webhook.at("seller.hook")])  # HERE\n'
    assert_refused(tmp_path, page + at, "never read back", "read=owner")


def test_two_actions_on_one_answer_are_refused(tmp_path: Path):
    two = "".join(
        f"@action(Order, on=gateway)\ndef {name}(order: Order) -> None:\n    pass\n" for name in ("one", "other")
    )
    with pytest.raises(DeclarationsRefused, match="another action runs on the same"):
        derive(load(tmp_path, SHOP + PAID + two).backend)


def test_a_system_of_another_backend_is_refused(tmp_path: Path):
    page = f"{SHOP}{PAID}theirs = Backend('other').system('https://a.example')\n"
    page += "@action(Order, on=theirs)\ndef one(order: Order) -> None:\n    pass\n"
    with pytest.raises(DeclarationsRefused, match="no part of this backend"):
        derive(load(tmp_path, page).backend)


def test_calls_answers_and_events_stand(tmp_path: Path):
    page = """
told = notification(Order, to="seller", via=[inbox, push])
@action(Order, by=owner)
def remind(order: Order) -> Effects:
    yield gateway.call("messages", {"to": order.note, "about": str(order.id)}, about=order)
@action(Order, on=gateway)
def reminded(order: Order, delivered: bool, now: datetime) -> None:
    order.note = "reminded" if delivered else "not reminded"
@action(Order, on=payments.event("payment.succeeded"))
def paid(order: Order, body: Paid) -> None:
    order.note = "paid"
"""
    plan = plan_of(tmp_path, SHOP + PAID + page)
    assert [one.name for one in plan.systems] == ["gateway"]
    assert [one.path for one in plan.operations if one.kind == "incoming"] == ["/incoming/payments"]
    assert not [one for one in plan.operations if one.action in ("reminded", "paid")]


TEMPLATES = {
    "told.md": ("# s\n{{ note.x }}", "line 2 says Getattr"),
    "told.de.md": ("no subject", "its first line is no subject"),
    "tald.md": ("# s\n", "there is no notification 'tald'"),
    "Told.txt": ("# s\n", "its name is none of a template"),
}


@pytest.mark.parametrize(
    ("file", "source", "said"), [(file, *given) for file, given in TEMPLATES.items()], ids=TEMPLATES
)
def test_a_template_is_refused(tmp_path: Path, file: str, source: str, said: str):
    page = load(tmp_path, f'{SHOP}told = notification(Order, to="seller", via=[inbox, email])\n')
    with pytest.raises(DeclarationsRefused, match=said):
        derive(page.backend, {file: source})


@pytest.mark.parametrize(
    ("name", "said"),
    [("pin", "which is secret"), ("score", "which is internal"), ("nothing", "names a field that is not there")],
)
def test_a_template_names_only_what_its_reader_may_read(tmp_path: Path, name: str, said: str):
    page = load(tmp_path, f'{SHOP}told = notification(Order, to="seller", via=[inbox, email])\n')
    with pytest.raises(DeclarationsRefused, match=said):
        derive(page.backend, {"told.md": f"# Told\n{{% if {name} %}}yes{{% endif %}}"})


def test_templates_belong_to_their_notification_by_language(tmp_path: Path):
    page = load(tmp_path, f'{SHOP}told = notification(Order, to="seller", via=[inbox, email])\n')
    (told,) = derive(page.backend, {"told.md": "# A\n{{ note }}", "told.de.md": "# B\n"}).notifications
    assert {language: one.file for language, one in told.templates.items()} == {"": "told.md", "de": "told.de.md"}


VERIFIERS = {
    "the clock": ("import time", "time.time() and None", "reads the clock"),
    "the network": ("import httpx", 'httpx.get("https://keys.example") and None', "reaches the network"),
    "a file": ("", 'open("/etc/keys") and None', "reaches files"),
    "the environment": ("import os", 'os.environ["KEY"] and None', "reaches the process"),
    "a log": ("", "print(secret)", "writes a log"),
    "code": ("", "eval(headers['x'])", "runs or inspects code"),
    "any library": ("import colorsys", "colorsys.rgb_to_hsv(1, 2, 3) and None", "is a module"),
    "what a library hides": ("import base64", "base64.main() and None", "comes from a library"),
    "what a message names": ("import hashlib", "hashlib.file_digest(headers['x'], 'md5')", "comes from a library"),
    "an import of its own": ("", "None\n    import socket", "imports while it runs"),
    "a wait within a try": (
        "import time",
        "None\n    try: pass\n    except ValueError: time.sleep(9)",
        "reads the clock",
    ),
}


@pytest.mark.parametrize(("imported", "said", "reason"), VERIFIERS.values(), ids=VERIFIERS.keys())
def test_a_verifier_that_reaches_the_world_is_refused(tmp_path: Path, imported: str, said: str, reason: str):
    written = f"{SHOP}{imported}\ndef own(headers, body, secret):\n    return {said}  # HERE\n"
    made = 'others = backend.incoming(key="OTHER_KEY", verify=own)\n'
    assert_refused(tmp_path, written + made, reason, "by hmac.compare_digest")


def test_a_verifier_is_a_plain_function_or_what_runs_cannot_be_read(tmp_path: Path):
    made = 'import functools\nothers = backend.incoming(key="OTHER_KEY", verify=functools.partial(print, end=""))  # HERE\n'
    with pytest.raises(DeclarationsRefused, match="is no plain function"):
        plan_of(tmp_path, SHOP + made)


def test_a_verifier_may_ask_whether_a_signature_raises(tmp_path: Path):
    own = """
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from techlead.outside import Signed
def own(headers, body, secret):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(secret)).verify(bytes.fromhex(headers["signature"]), body)
    except (InvalidSignature, ValueError):
        return None
    return Signed(headers["id"], datetime.fromtimestamp(int(headers["at"]), UTC))
others = backend.incoming(key="OTHER_KEY", verify=own)
"""
    assert [one.name for one in plan_of(tmp_path, SHOP + own).incoming] == ["others"]


def test_a_verifier_may_use_the_libraries_that_signatures_need(tmp_path: Path):
    own = """
import base64, hashlib, hmac, json
from techlead.outside import Signed
def helper(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
def own(headers, body, secret):
    made = base64.b64decode(headers["signature"]).decode()
    if not hmac.compare_digest(made, helper(secret, body)):
        return None
    at = json.loads(body)["at"]
    return Signed(headers["id"], datetime.fromtimestamp(int(at), UTC))
others = backend.incoming(key="OTHER_KEY", verify=own)
"""
    assert [one.name for one in plan_of(tmp_path, SHOP + own).incoming] == ["others"]
