"""One question to the audit, one line back: which address a name has, where a connection goes, which port was opened.

    lookup NAME                     -> ADDRESS ADDRESS ...         (empty: no such name)
    connect ADDRESS PORT            -> PORT | through | refused    (PORT: on 127.0.0.1; through: where it was meant to go)
    listen ASKED ACTUAL PID         -> ok
"""

import _socket
import os
import struct

_port = [0]


def open_folder(folder):
    """Read where the audit listens."""
    try:
        with open(os.path.join(folder, "control"), encoding="ascii") as file:
            _port[0] = int(file.read())
    except (OSError, ValueError):
        _port[0] = 0


def ask(*words):
    """Ask; None when the audit is gone, so that nothing is ever led outside."""
    if not _port[0]:
        return None
    line = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        line.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, struct.pack("ll", 5, 0))
        line.connect(("127.0.0.1", _port[0]))
        line.sendall(("\t".join(str(word) for word in words) + "\n").encode("utf-8", "replace"))
        answer = b""
        while not answer.endswith(b"\n"):
            part = line.recv(65536)
            if not part:
                return None
            answer += part
        return answer.decode("utf-8").strip()
    except OSError:
        return None
    finally:
        line.close()
