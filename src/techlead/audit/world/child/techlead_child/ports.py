"""Where the target listens: always on loopback, on a port of the kernel's choice, so that many instances live side by side."""

import socket

from techlead_child import control

_asked = {}
_real_bind, _real_listen = socket.socket.bind, socket.socket.listen


def bind(self, address):
    """The target's socket.bind."""
    stream = self.type & 0xF == socket.SOCK_STREAM
    if self.family not in (socket.AF_INET, socket.AF_INET6) or not stream:
        return _real_bind(self, address)
    here = "::1" if self.family == socket.AF_INET6 else "127.0.0.1"
    _asked[self.fileno()] = address[1]
    return _real_bind(self, (here, 0) if self.family == socket.AF_INET else (here, 0, 0, 0))


def listen(self, *backlog):
    """The target's socket.listen."""
    done = _real_listen(self, *backlog)
    if self.family in (socket.AF_INET, socket.AF_INET6):
        actual = self.getsockname()[1]
        control.opened(_asked.get(self.fileno(), actual), actual)
    return done


def install():
    """Take the place of bind and listen."""
    socket.socket.bind = bind
    socket.socket.listen = listen
