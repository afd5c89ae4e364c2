"""A target that verifies certificates knows the audit's authority as well: so its https reaches the neighbours, and nobody else's does."""

import os
import ssl

_real_wrap_socket, _real_wrap_bio = ssl.SSLContext.wrap_socket, ssl.SSLContext.wrap_bio


def _trusting(real):
    def wrap(self, *given, **named):
        authority = os.environ.get("AUDITED_AUTHORITY", "")
        if authority and self.verify_mode != ssl.CERT_NONE and not named.get("server_side"):
            self.load_verify_locations(cadata=authority)
        return real(self, *given, **named)

    return wrap


def install():
    """Add the authority to each context as it is used, however it was made."""
    ssl.SSLContext.wrap_socket = _trusting(_real_wrap_socket)
    ssl.SSLContext.wrap_bio = _trusting(_real_wrap_bio)
