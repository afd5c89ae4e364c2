"""A certificate minted by hand is one that OpenSSL verifies, and refuses where it must."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from contextlib import closing

import pytest

from techlead.audit.world.certificate import Certificate, authority, certificate, self_signed

SIGNER = authority()


def server_context(minted: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(minted.certificate + minted.key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def shake_hands(minted: Certificate, host: str) -> str | None:
    """Connect with full verification; the protocol agreed on."""
    ours, theirs = socket.socketpair()
    server = server_context(minted)

    def serve() -> None:
        with closing(theirs):
            try:
                server.wrap_socket(theirs, server_side=True).close()
            except (ssl.SSLError, OSError):
                return

    thread = threading.Thread(target=serve)
    thread.start()
    client = ssl.create_default_context(cadata=SIGNER.certificate)
    try:
        with closing(ours), client.wrap_socket(ours, server_hostname=host) as stream:
            return stream.version()
    finally:
        thread.join(10)


@pytest.mark.parametrize("host", ["hooks.example", "11.0.0.7", "mail.audit.example"])
def test_a_client_that_knows_the_authority_accepts_its_certificate(host):
    assert shake_hands(certificate(host, SIGNER), host) == "TLSv1.3"


def test_another_name_is_refused():
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(certificate("hooks.example", SIGNER), "bank.example")


def test_a_certificate_signed_by_nobody_is_refused():
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(self_signed("hooks.example"), "hooks.example")


def test_another_authority_of_the_same_name_is_refused():
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(certificate("hooks.example", authority()), "hooks.example")
