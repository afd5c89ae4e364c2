"""Who may do what in the three examples, written by hand from what their pages say; the tests hold the runtime to it.

A row is an operation, a column an actor, a cell the status. `fields` tells which fields of a row each actor reads, and
`writable` which a caller may send; every other field must be absent, or refused.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Access:
    """The expectation of one example."""

    name: str
    actors: tuple[str, ...]
    roles: dict[str, str]
    table: str
    fields: dict[str, dict[str, str]]
    creatable: dict[str, str]
    changeable: dict[str, str] = field(default_factory=dict)

    def cells(self):
        """Give (operation, actor, status) of every cell."""
        for line in self.table.strip().splitlines():
            *words, statuses = line.split("|")
            operation = words[0].strip()
            for actor, status in zip(self.actors, statuses.split(), strict=True):
                yield operation, actor, int(status)


MARKETPLACE = Access(
    "marketplace",
    ("anonymous", "stranger", "seller", "buyer", "boss"),
    {"boss": "admin"},
    """
    GET /listings/{listing}                    | 200 200 200 200 200
    GET /listings                              | 200 200 200 200 200
    POST /listings                             | 401 201 201 201 201
    PATCH /listings/{listing}                  | 401 403 200 403 403
    DELETE /listings/{listing}                 | 401 403 204 403 204
    GET /listings/{listing}/history            | 404 404 404 404 404
    GET /orders/{order}                        | 401 404 200 200 200
    GET /orders                                | 401 200 200 200 200
    POST /orders                               | 401 201 409 201 201
    PATCH /orders/{order}                      | 405 405 405 405 405
    DELETE /orders/{order}                     | 405 405 405 405 405
    GET /orders/{order}/history                | 401 404 200 200 200
    POST /orders/{order}/cancel                | 401 404 403 200 403
    POST /orders/{order}/ship                  | 401 404 200 403 403
    GET /people/{stranger}                     | 401 403 403 403 200
    GET /people                                | 401 403 403 403 200
    POST /people                               | 405 405 405 405 405
    PATCH /people/{stranger}                   | 405 405 405 405 405
    POST /people/{bystander}/ban               | 401 403 403 403 200
    GET /people/{stranger}/history             | 401 403 403 403 200
    GET /me                                    | 401 200 200 200 200
    PATCH /me                                  | 401 200 200 200 200
    GET /inbox                                 | 401 200 200 200 200
    """,
    {
        "/listings/{listing}": dict.fromkeys(
            ("anonymous", "stranger", "seller", "buyer", "boss"), "id seller title description price status"
        ),
        "/orders/{order}": {
            "seller": "id buyer listing address seller price status tracking placed_at",
            "buyer": "id buyer listing address seller price status tracking placed_at",
            "boss": "id buyer listing seller price status tracking placed_at",
        },
        "/people/{stranger}": {"boss": "id"},
        "/me": {"stranger": "id email disabled phone payout_iban webhook_url"},
    },
    {"/listings": "title description price", "/orders": "listing address"},
    {"/listings/{listing}": "title description price", "/me": "phone payout_iban webhook_url"},
)

TEAMBOARD = Access(
    "teamboard",
    ("anonymous", "stranger", "viewer", "editor", "founder"),
    {},
    """
    GET /workspaces/{workspace}                | 401 404 200 200 200
    GET /workspaces                            | 401 200 200 200 200
    POST /workspaces                           | 401 201 201 201 201
    PATCH /workspaces/{workspace}              | 401 404 403 403 200
    GET /memberships/{viewers}                 | 401 404 200 200 200
    POST /memberships                          | 405 405 405 405 405
    POST /memberships/{viewers}/leave          | 401 404 204 403 403
    POST /memberships/{viewers}/remove         | 401 404 403 403 204
    POST /invitations                          | 401 422 403 403 201
    GET /invitations/{invitation}              | 401 404 404 404 200
    POST /invitations/{invitation}/accept      | 401 404 404 404 403
    DELETE /invitations/{invitation}           | 401 404 404 404 204
    GET /boards/{board}                        | 401 404 200 200 200
    POST /boards                               | 401 422 403 201 201
    PATCH /boards/{board}                      | 401 404 403 200 200
    DELETE /boards/{board}                     | 401 404 403 403 204
    GET /cards/{card}                          | 401 404 200 200 200
    GET /cards/{card}/history                  | 401 404 200 200 200
    POST /cards                                | 401 422 403 201 201
    PATCH /cards/{card}                        | 401 404 403 200 200
    DELETE /cards/{card}                       | 401 404 403 204 204
    POST /cards/{card}/take                    | 401 404 403 200 200
    POST /cards/{card}/chase                   | 401 404 409 409 409
    POST /comments                             | 401 422 201 201 201
    GET /comments/{comment}                    | 401 404 200 200 200
    PATCH /comments/{comment}                  | 401 404 403 200 403
    DELETE /comments/{comment}                 | 401 404 403 204 403
    GET /people/{editor}                       | 401 200 200 200 200
    """,
    {
        "/cards/{card}": dict.fromkeys(("viewer", "editor", "founder"), "id board title text due status assignee"),
        "/people/{editor}": {
            "stranger": "id name",
            "editor": "id name email disabled",
            "founder": "id name",
        },
    },
    {"/cards": "board title text due status", "/comments": "card text", "/boards": "workspace title"},
    {"/cards/{card}": "board title text due status"},
)

GYMBOOK = Access(
    "gymbook",
    ("anonymous", "stranger", "member", "coach", "boss"),
    {"boss": "manager", "coach": "trainer"},
    """
    GET /packs/{pack}                          | 200 200 200 200 200
    POST /packs                                | 401 403 403 403 201
    PATCH /packs/{pack}                        | 401 403 403 403 200
    GET /gym-classes/{class}                   | 200 200 200 200 200
    POST /gym-classes                          | 401 403 403 403 201
    PATCH /gym-classes/{class}                 | 401 403 403 403 200
    POST /gym-classes/{class}/book             | 401 409 200 409 409
    POST /incoming/payments                    | 403 403 403 403 403
    POST /purchases                            | 401 201 201 201 201
    GET /purchases/{purchase}                  | 401 404 200 404 200
    GET /purchases/{purchase}/history          | 401 403 403 403 200
    GET /bookings/{booking}                    | 401 404 200 200 200
    POST /bookings                             | 405 405 405 405 405
    GET /bookings/{booking}/history            | 401 404 200 404 200
    POST /bookings/{booking}/cancel            | 401 404 200 403 403
    POST /waiting                              | 401 201 201 201 201
    GET /waiting/{waiting}                     | 401 404 200 200 200
    DELETE /waiting/{waiting}                  | 401 404 204 403 403
    GET /people/{member}                       | 401 403 403 403 200
    """,
    {
        "/people/{member}": {"boss": "id name credits"},
        "/me": dict.fromkeys(("member", "coach"), "id email disabled name phone credits"),
        "/bookings/{booking}": dict.fromkeys(("member", "coach", "boss"), "id person gym_class trainer status"),
    },
    {"/purchases": "pack", "/waiting": "gym_class"},
    {"/me": "name phone"},
)
