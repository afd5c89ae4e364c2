"""Asks the audit's switchboard where names and connections lead, and tells which ports were opened.

The other end is `world/switchboard.py`, where the questions and answers stand as a table. When it is gone nothing is let out.
"""

import _socket
import json
import os
import struct

_folder = [""]
ANSWER_SECONDS = 5


def open_folder(folder):
    """Remember the instance's control folder."""
    _folder[0] = folder


def ask(question):
    """Ask the switchboard; {} when it does not answer."""
    host, _, port = os.environ.get("AUDITED_SWITCHBOARD", "").partition(":")
    if not port:
        return {}
    line = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        line.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, struct.pack("ll", ANSWER_SECONDS, 0))
        line.connect((host, int(port)))
        line.send(json.dumps(question).encode())
        return json.loads(line.recv(4096).decode())
    except (OSError, ValueError):
        return {}
    finally:
        line.close()


def opened(asked, actual):
    """Write down that this process listens."""
    line = "%d %d %d\n" % (asked, actual, os.getpid())
    with open(os.path.join(_folder[0], "ports"), "a", encoding="ascii") as file:
        file.write(line)


def own_port(port):
    """The real port behind one that a process of this target opened, or None."""
    found = None
    try:
        with open(os.path.join(_folder[0], "ports"), encoding="ascii") as file:
            for line in file:
                asked, actual, _ = line.split()
                if str(port) in (asked, actual):
                    found = int(actual)
    except OSError:
        return None
    return found
