"""Boards for teams: workspaces with members and roles, invitations, boards, cards and comments."""

from datetime import date
from enum import Enum
from typing import Annotated

from techlead import (
    Account, Backend, Effects, Facts, Mapped, Ref, Resource, action, count, create, delete, facts, field, inbox,
    member, notification, owned_by, owner, rule, signed_in, the,
)  # fmt: skip

backend = Backend("teamboard")


class Level(Enum):
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


class CardStatus(Enum):
    TODO = "todo"
    DOING = "doing"
    DONE = "done"


WRITING = {Level.EDITOR, Level.ADMIN}
its_members, its_admins = member("Membership"), member("Membership", level=Level.ADMIN)
workspace_members = member("Membership", of="workspace")
workspace_writers = member("Membership", of="workspace", level=WRITING)
workspace_admins = member("Membership", of="workspace", level=Level.ADMIN)
board_members = member("Membership", of="board.workspace")
board_writers = member("Membership", of="board.workspace", level=WRITING)
card_members = member("Membership", of="card.board.workspace")


@backend.account(read=signed_in)
class Person(Account):
    """Somebody who works in workspaces."""

    name: Mapped[str] = field(max_length=80)


@backend.resource(read=its_members, create=signed_in, update=its_admins, delete=its_admins, soft_delete=True)
class Workspace(Resource):
    """A team's place; whoever makes it is its first admin."""

    founder: Mapped[Ref[Person]] = owned_by()
    name: Mapped[str] = field(max_length=80)


@backend.resource(read=workspace_members, unique=[("workspace", "person")])
class Membership(Resource):
    """A person's place in a workspace; made only by founding it or by accepting an invitation."""

    workspace: Mapped[Ref[Workspace]]
    person: Mapped[Ref[Person]]
    level: Mapped[Level]


@backend.resource(
    read=the("person") | workspace_admins,
    create=workspace_admins,
    delete=the("person") | workspace_admins,
    unique=[("workspace", "person")],
)
class Invitation(Resource):
    """An offer to join; it counts once."""

    inviter: Mapped[Ref[Person]] = owned_by()
    workspace: Mapped[Ref[Workspace]]
    person: Mapped[Ref[Person]]
    level: Mapped[Level] = field(default=Level.VIEWER)


@backend.resource(
    read=workspace_members,
    create=workspace_writers,
    update=workspace_writers,
    delete=workspace_admins,
    soft_delete=True,
)
class Board(Resource):
    """A board of cards."""

    workspace: Mapped[Ref[Workspace]]
    title: Mapped[str] = field(max_length=120)


@backend.resource(
    read=board_members,
    create=board_writers,
    update=board_writers,
    delete=board_writers,
    history=board_members,
    soft_delete=True,
)
class Card(Resource):
    """Something to do."""

    board: Mapped[Ref[Board]]
    title: Mapped[str] = field(max_length=200)
    text: Mapped[str] = field(max_length=10_000, multiline=True, default="")
    due: Mapped[date | None] = field(indexed=True)
    status: Mapped[CardStatus] = field(default=CardStatus.TODO, indexed=True)
    assignee: Mapped[Ref[Person] | None] = field(set_by=action)


@backend.resource(read=card_members, create=card_members, update=owner & card_members, delete=owner & card_members)
class Comment(Resource):
    """A word about a card."""

    author: Mapped[Ref[Person]] = owned_by()
    card: Mapped[Ref[Card]]
    text: Mapped[str] = field(max_length=4_000, multiline=True)


invited = notification(Invitation, to="person", via=[inbox], text="You are invited to a workspace as {level}.")
card_taken = notification(Card, to=board_members, via=[inbox], text="{title} was taken.")

MADE = facts(workspace="workspace", person="actor", level=Level.ADMIN)
JOINS = facts(workspace="acme", person="ada", level=Level.EDITOR)
TAKEN = facts(assignee="actor", status=CardStatus.DOING)
Admins = Annotated[int, count("Membership", of="workspace", level=Level.ADMIN)]


@rule(
    because="The last admin left and nobody could invite or remove anyone any more (support case 52, June 2022).",
    message="Make somebody else an admin first.",
    allows=[
        facts(membership=facts(level=Level.EDITOR), admins=1),
        facts(membership=facts(level=Level.ADMIN), admins=2),
    ],
    refuses=[facts(membership=facts(level=Level.ADMIN), admins=1)],
)
def an_admin_stays(membership: Facts[Membership], admins: Admins) -> bool:
    return membership.level is not Level.ADMIN or admins > 1


@action(Workspace, on=create, examples=[facts().gives(creates=[(Membership, MADE)])])
def found(workspace: Workspace, actor: Person) -> Effects:
    """Make the founder the first admin."""
    yield create(Membership(workspace=workspace.id, person=actor.id, level=Level.ADMIN))


@action(Invitation, on=create, examples=[facts().gives(sends=[invited])])
def invite(invitation: Invitation) -> Effects:
    """Tell the invited person."""
    yield invited.send(invitation)


@action(Invitation, by=the("person"), examples=[JOINS.gives(creates=[(Membership, JOINS)], deletes=["invitation"])])
def accept(invitation: Invitation) -> Effects:
    """Join the workspace; the invitation is used up."""
    yield create(Membership(workspace=invitation.workspace, person=invitation.person, level=invitation.level))
    yield delete(invitation)


@action(Membership, by=the("person"), when=[an_admin_stays], examples=[facts().gives(deletes=["membership"])])
def leave(membership: Membership) -> Effects:
    """Leave a workspace."""
    yield delete(membership)


@action(Membership, by=workspace_admins, when=[an_admin_stays], examples=[facts().gives(deletes=["membership"])])
def remove(membership: Membership) -> Effects:
    """Take somebody out of a workspace."""
    yield delete(membership)


@action(Card, by=board_writers, examples=[facts().gives(card=TAKEN, sends=[card_taken])])
def take(card: Card, actor: Person) -> Effects:
    """Take a card on oneself."""
    card.assignee = actor.id
    card.status = CardStatus.DOING
    yield card_taken.send(card)
