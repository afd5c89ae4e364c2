"""Boards for teams: workspaces with members and roles, invitations, boards, cards and comments."""

from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated

from techlead import (
    Account, Backend, Effects, Facts, Mapped, Ref, Resource, WebhookUrl, action, count, create, delete, facts, field,
    inbox, member, notification, owned_by, owner, rule, signed_in, the,
)  # fmt: skip
from techlead.outside import chat

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
members = member("Membership", of="workspace")
editors = member("Membership", of="workspace", level=WRITING)
admins = member("Membership", of="workspace", level=Level.ADMIN)
readers = member("Membership", of="board.workspace")
writers = member("Membership", of="board.workspace", level=WRITING)
commenters = member("Membership", of="card.board.workspace")


@backend.account(read=signed_in)
class Person(Account):
    """Somebody who works in workspaces."""

    name: Mapped[str] = field(max_length=80)


@backend.resource(read=its_members, create=signed_in, update=its_admins, delete=its_admins, soft_delete=True)
class Workspace(Resource):
    """A team's place; whoever makes it is its first admin."""

    founder: Mapped[Ref[Person]] = owned_by()
    name: Mapped[str] = field(max_length=80)
    chat_url: Mapped[WebhookUrl | None] = field(read=its_admins)


@backend.resource(read=members, unique=[("workspace", "person")])
class Membership(Resource):
    """A person's place in a workspace; made only by founding it or by accepting an invitation."""

    workspace: Mapped[Ref[Workspace]]
    person: Mapped[Ref[Person]]
    level: Mapped[Level]


@backend.resource(
    read=the("person") | admins, create=admins, delete=the("person") | admins, unique=[("workspace", "person")]
)
class Invitation(Resource):
    """An offer to join; it counts once."""

    inviter: Mapped[Ref[Person]] = owned_by()
    workspace: Mapped[Ref[Workspace]]
    person: Mapped[Ref[Person]]
    level: Mapped[Level] = field(default=Level.VIEWER)


@backend.resource(read=members, create=editors, update=editors, delete=admins, soft_delete=True)
class Board(Resource):
    """A board of cards."""

    workspace: Mapped[Ref[Workspace]]
    title: Mapped[str] = field(max_length=120)


@backend.resource(read=readers, create=writers, update=writers, delete=writers, history=readers, soft_delete=True)
class Card(Resource):
    """Something to do."""

    board: Mapped[Ref[Board]]
    title: Mapped[str] = field(max_length=200)
    text: Mapped[str] = field(max_length=10_000, multiline=True, default="")
    due: Mapped[date | None] = field(indexed=True)
    status: Mapped[CardStatus] = field(default=CardStatus.TODO, indexed=True)
    assignee: Mapped[Ref[Person] | None] = field(set_by=action)


@backend.resource(read=commenters, create=commenters, update=owner & commenters, delete=owner & commenters)
class Comment(Resource):
    """A word about a card."""

    author: Mapped[Ref[Person]] = owned_by()
    card: Mapped[Ref[Card]]
    text: Mapped[str] = field(max_length=4_000, multiline=True)


invited = notification(Invitation, to="person", via=[inbox], text="You are invited to a workspace as {level}.")
room = chat.at("board.workspace.chat_url")
card_assigned = notification(Card, to=readers, via=[inbox, room], text="{title} was taken.")
card_overdue = notification(Card, to="assignee", via=[inbox, room], text="{title} was due on {due}.")

MADE = facts(workspace="workspace", person="actor", level=Level.ADMIN)
JOINS = facts(workspace="acme", person="ada", level=Level.EDITOR)
TAKEN = facts(assignee="actor", status=CardStatus.DOING)
Admins = Annotated[int, count("Membership", of="workspace", level=Level.ADMIN)]
AN_EDITOR, AN_ADMIN = facts(level=Level.EDITOR), facts(level=Level.ADMIN)
MAY_DAY, SAME_DAY, LATER = date(2026, 5, 1), datetime(2026, 5, 1, 23, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
LATE, UNDATED = facts(due=MAY_DAY, status=CardStatus.DOING), facts(due=None)
DONE_LATE = facts(due=MAY_DAY, status=CardStatus.DONE)


@rule(because="The last admin left and nobody could invite or remove anyone any more (support case 52, June 2022).",
      message="Make somebody else an admin first.",
      allows=[facts(membership=AN_EDITOR, admins=1), facts(membership=AN_ADMIN, admins=2)],
      refuses=[facts(membership=AN_ADMIN, admins=1)])  # fmt: skip
def an_admin_stays(membership: Facts[Membership], admins: Admins) -> bool:
    return membership.level is not Level.ADMIN or admins > 1


@rule(because="Reminders for finished and undated cards made people mute the room (retrospective, March 2023).",
      message="This card is not overdue.", allows=[facts(card=LATE, now=LATER)], refuses=[
      facts(card=LATE, now=SAME_DAY), facts(card=DONE_LATE, now=LATER), facts(card=UNDATED, now=LATER)])  # fmt: skip
def is_overdue(card: Facts[Card], now: datetime) -> bool:
    return card.due is not None and card.due < now.date() and card.status is not CardStatus.DONE


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


@action(Membership, by=admins, when=[an_admin_stays], examples=[facts().gives(deletes=["membership"])])
def remove(membership: Membership) -> Effects:
    """Take somebody out of a workspace."""
    yield delete(membership)


@action(Card, by=writers, examples=[facts().gives(card=TAKEN, sends=[card_assigned])])
def take(card: Card, actor: Person) -> Effects:
    """Take a card on oneself."""
    card.assignee = actor.id
    card.status = CardStatus.DOING
    yield card_assigned.send(card)


@action(Card, by=readers, when=[is_overdue], examples=[facts().gives(sends=[card_overdue])])
def chase(card: Card) -> Effects:
    """Remind whoever has the card, in their inbox and in the team's chat."""
    yield card_overdue.send(card)
