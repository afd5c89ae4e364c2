"""Every error techlead raises: what happened, where, and what to do next.

Three families, because whose fault it is decides what follows: the caller's become RFC 9457 problems with a 4xx
status, the program's stop the start with a mend, the world's become 503 with `Retry-After`. A class's docstring is
its message, its documentation and, in kebab case, its stable problem type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar


class TechleadError(Exception):
    """Something that techlead knows how to name went wrong."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field's fault: where it is (a JSON pointer or a parameter's name), and what to send instead."""

    at: str
    message: str


class CallersError(TechleadError):
    """The request could not be taken as it was."""

    status: ClassVar[int] = 400

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: tuple[FieldError, ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        rule: str | None = None,
    ) -> None:
        """Hold what the caller is told; none of it may come from a sensitive field."""
        self.detail = detail or summary(type(self))
        self.errors = errors
        self.headers = headers
        self.rule = rule
        super().__init__(self.detail)


class MalformedRequest(CallersError):
    """The request is not well formed."""


class InvalidFields(CallersError):
    """Some fields were refused; `errors` names each of them."""

    status = 422


class NotSignedIn(CallersError):
    """This needs a signed-in account: send `Authorization: Bearer TOKEN`."""

    status = 401


class WrongCredentials(CallersError):
    """The address or the password is wrong."""

    status = 401


class NotAllowed(CallersError):
    """This account may not do that."""

    status = 403


class SignatureRefused(CallersError):
    """The signature, its time or its id is not right; which of them is not told."""

    status = 403


class NotFound(CallersError):
    """There is nothing here that you may see."""

    status = 404


class MethodNotAllowed(CallersError):
    """That method does not exist here; the `Allow` header lists those that do."""

    status = 405


class Refused(CallersError):
    """A business rule refused this; `rule` names it."""

    status = 409


class AlreadyTaken(CallersError):
    """Another row has that value already."""

    status = 409


class StillReferenced(CallersError):
    """Other rows lead to this one, so it stays."""

    status = 409


class RequestInFlight(CallersError):
    """A request with this `Idempotency-Key` is still being worked on; ask again in a moment."""

    status = 409


class RevisionMismatch(CallersError):
    """The row has changed since you read it: read it again, then decide."""

    status = 412


class BodyTooLarge(CallersError):
    """The body is larger than this backend takes."""

    status = 413


class UrlTooLong(CallersError):
    """The address is longer than this backend takes."""

    status = 414


class UnsupportedMediaType(CallersError):
    """Bodies are `application/json` in UTF-8."""

    status = 415


class KeyReused(CallersError):
    """This `Idempotency-Key` was used for another request; choose a new one."""

    status = 422


class TooManyRequests(CallersError):
    """Too many tries; wait for the seconds in `Retry-After`."""

    status = 429


class HeadersTooLarge(CallersError):
    """The headers are larger than this backend takes."""

    status = 431


class RequestTimeout(CallersError):
    """The request did not arrive whole in time."""

    status = 408


class ProgramError(TechleadError):
    """The program is at fault, not its caller."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One declaration that cannot stand: where, why, and how to mend it."""

    file: str
    line: int
    where: str
    reason: str
    mend: str

    def __str__(self) -> str:
        """Print as compilers do, so that editors can jump to it."""
        return f"{self.file}:{self.line}: {self.where}: {self.reason}\n    mend: {self.mend}"


class DeclarationsRefused(ProgramError):
    """The declarations contradict themselves or are unsafe, so the backend does not start."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        """Hold every refusal, so that they are mended in one go."""
        self.refusals = refusals
        count = f"{len(refusals)} declaration{'s' if len(refusals) != 1 else ''} refused"
        super().__init__("\n".join([count, *map(str, refusals)]))


class SettingsRefused(ProgramError):
    """The settings are unsafe or contradict themselves, so the backend does not start."""


class ConstraintViolated(TechleadError):
    """The database refused a row; the layer above says which field that means."""

    def __init__(self, table: str, columns: tuple[str, ...] = ()) -> None:
        """Name the table and the columns, never the values."""
        self.table = table
        self.columns = columns
        super().__init__(f"{summary(type(self))} ({table}: {', '.join(columns)})")


class UniqueViolated(ConstraintViolated):
    """Another row has these values already."""


class ReferenceViolated(ConstraintViolated):
    """A reference leads nowhere, or a row is still led to."""


class CheckViolated(ConstraintViolated):
    """A value is outside what the table takes."""


class WorldError(TechleadError):
    """Something outside failed; nothing was lost, and a later try may do."""

    status: ClassVar[int] = 503
    retry_after_seconds: ClassVar[int] = 1


class StoreBusy(WorldError):
    """The database is busy."""


class StoreFull(WorldError):
    """The database has no room left."""

    retry_after_seconds = 30


class StoreUnavailable(WorldError):
    """The database cannot be reached."""

    retry_after_seconds = 5


class MailboxUnavailable(WorldError):
    """The folder for e-mails cannot be written to; they wait in the outbox."""

    retry_after_seconds = 30


class ShuttingDown(WorldError):
    """This process is stopping; another one will answer."""


class DeadlineExceeded(WorldError):
    """The work took longer than one request may."""


class Overloaded(WorldError):
    """More is asked at once than this process takes."""


class TargetRefused(TechleadError):
    """The target could not be audited as it was given."""


def summary(error: type[TechleadError]) -> str:
    """Give an error's message: the first paragraph of its docstring."""
    return (error.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


def slug(error: type[TechleadError]) -> str:
    """Give the stable, kebab-case name of an error, the last part of its RFC 9457 `type`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower()


def problem_type(error: type[TechleadError]) -> str:
    """Give the RFC 9457 `type` of an error, a URN that never changes."""
    return f"urn:techlead:problem:{slug(error)}"
