"""Handing in mail (RFC 6409), behind the door: only who sends mail loads this file."""

from __future__ import annotations

import asyncio
import ssl

import aiosmtplib

from techlead.deliver.asking import MailServer, SubmissionRefused, Unreached
from techlead.deliver.connections import SAID, fault_of, trusted_roots
from techlead.deliver.port import Fault


async def hand_in(server: MailServer, sender: str, recipient: str, message: bytes) -> None:
    """Hand in one message; SubmissionRefused with the server's code, or Unreached."""
    session = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password.reveal() or None,
        local_hostname=sender.rpartition("@")[2],
        timeout=server.limits.total_seconds_max,
        use_tls=server.tls,
        start_tls=None if server.tls else True,
        tls_context=server.trusted or trusted_roots(),
    )
    try:
        async with asyncio.timeout(server.limits.total_seconds_max):
            async with asyncio.timeout(server.limits.connect_seconds_max):
                await session.connect()
            await session.sendmail(sender, recipient, message)
    except aiosmtplib.SMTPException as error:
        raise _unsubmitted(error) from None
    except TimeoutError:
        raise Unreached(Fault.TIMEOUT, SAID[Fault.TIMEOUT]) from None
    except (OSError, ssl.SSLError) as error:
        fault = fault_of(error)
        raise Unreached(fault, SAID[fault]) from None
    finally:
        session.close()


def _unsubmitted(error: aiosmtplib.SMTPException) -> SubmissionRefused | Unreached:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return SubmissionRefused(error.recipients[0].code, about_message=True)
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return Unreached(Fault.TIMEOUT, SAID[Fault.TIMEOUT])
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return SubmissionRefused(error.code, about_message=isinstance(error, aiosmtplib.SMTPDataError))
    if type(error) is aiosmtplib.SMTPException:  # what the library says of nothing but this
        return Unreached(Fault.TLS, "the mail server offers no STARTTLS")
    fault = fault_of(error)
    return Unreached(fault, SAID[fault])
