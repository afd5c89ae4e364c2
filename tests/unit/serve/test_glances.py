"""A glance answers what the long way answers, and only what needs no waiting and no refusal."""

import pytest
from backends import example, running
from databases import sqlite_url

from techlead.serve.router import Router

VARIES = {"x-request-id", "date"}


async def told(caller, path, who, **headers):
    """Give all that a caller learns of an address, but for what varies."""
    sent = {"authorization": f"Bearer {caller.tokens[who]}"} if who in caller.tokens else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await caller("GET", path, headers=sent)
    kept = {name: value for name, value in answer.headers.items() if name not in VARIES}
    body = answer.json() if answer.content else None
    if answer.status_code >= 400:
        body.pop("request_id")
    return answer.status_code, kept, body


async def orders(caller):
    """Let Bea buy a bike of Ada's; Cleo is a stranger, Dan an admin; give the two rows' addresses."""
    await caller.sign_up("ada", "bea", "cleo", "dan")
    await caller.grant("dan", "admin")
    bike = {"title": "Bike", "price": {"amount": "12.00", "currency": "EUR"}}
    listing = await caller.made("/listings", bike, "ada")
    order = await caller.made("/orders", {"listing": listing, "address": "1 Main Street"}, "bea")
    return f"/listings/{listing}", f"/orders/{order}"


async def test_a_glance_answers_what_the_long_way_answers(tmp_path, monkeypatch):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        listing, order = await orders(caller)
        etag = (await caller("GET", listing)).headers["etag"]
        asked = [
            (path, who, headers)
            for path in (listing, order, f"/people/{caller.ids['ada']}", listing[:-1], f"{order}x", "/orders/none")
            for who in ("nobody", "ada", "bea", "cleo", "dan")
            for headers in ({}, {"if_none_match": etag}, {"if_none_match": '"0"'}, {"if_none_match": "*"})
        ]
        asked += [
            (listing, "nobody", {"authorization": given}) for given in ("Bearer x", "Basic eDp5", "Bearer " + "x" * 43)
        ]
        at_once = [await told(caller, path, who, **headers) for path, who, headers in asked]
        monkeypatch.setattr(Router, "glance", lambda *_: None)
        assert [await told(caller, path, who, **headers) for path, who, headers in asked] == at_once
        assert {status for status, _, _ in at_once} == {200, 304, 401, 403, 404}


async def test_a_glance_sees_the_usual_read_and_leaves_refusals_to_the_long_way(tmp_path, monkeypatch):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        listing, order = await orders(caller)
        seen, glance = [], Router.glance
        monkeypatch.setattr(Router, "glance", lambda *given: seen.append(glance(*given)) or seen[-1])
        asked = [
            (listing, "nobody"),
            (listing, "ada"),
            (order, "bea"),
            (order, "ada"),
            (order, "cleo"),
            (order, "nobody"),
        ]
        answers = [await caller("GET", path, who=None if who == "nobody" else who) for path, who in asked]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 404, 401]
        assert [one is not None for one in seen] == [True, True, True, True, False, False]


async def test_each_request_is_logged_once_with_who_asked(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        _, order = await orders(caller)
        before = len(caller.events())
        for who in ("bea", "cleo"):
            await caller("GET", order, who=who)
        logged = [one for one in caller.events()[before:] if one["event"] == "request"]
        assert [(one["status"], one["actor"], one["route"], one["method"]) for one in logged] == [
            (200, caller.ids["bea"], "/orders/{id}", "GET"),
            (404, caller.ids["cleo"], "/orders/{id}", "GET"),
        ]


async def test_what_was_revoked_or_granted_counts_from_the_next_request(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        _, order = await orders(caller)
        assert (await caller("GET", order, who="dan")).status_code == 200
        await caller.grant("dan", "admin", revoke=True)
        assert (await caller("GET", order, who="dan")).status_code == 404
        await caller.grant("dan", "admin")
        assert (await caller("GET", order, who="dan")).status_code == 200
        assert (await caller("POST", "/auth/logout", who="dan")).status_code == 204
        assert (await caller("GET", order, who="dan")).status_code == 401


async def test_a_glance_that_goes_wrong_is_answered_and_logged_the_long_way(tmp_path, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError

    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        listing, _ = await orders(caller)
        monkeypatch.setattr(Router, "glance", broken)
        assert (await caller("GET", listing)).status_code == 200


@pytest.mark.parametrize("name", ["marketplace", "teamboard", "gymbook"])
async def test_rows_are_shown_alike_in_both_forms(name, tmp_path):
    import msgspec

    from techlead.derive.access import ANONYMOUS, ActorClass

    async with running(example(name), sqlite_url(tmp_path)) as caller:
        runtime, shaped = caller.application.runtime, 0
        for resource in runtime.plan.resources.values():
            stored = [one.codec.dump(one.spec.default) if one.kind == "bool" else None for one in resource.laid_out]
            for kind in (ANONYMOUS, ActorClass(signed_in=True, roles=frozenset(runtime.plan.roles))):
                view = runtime.view(resource, kind)
                shaped += view.shape is not None
                row = (bytes(16), 7, *stored, *(True for _ in view.flags))
                if view.computed:
                    continue
                assert msgspec.json.encode(view.shown(row)) == msgspec.json.encode(view.render(row))
        assert shaped
