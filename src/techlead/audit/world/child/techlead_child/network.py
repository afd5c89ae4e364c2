"""Every connection and every name goes where the audit says; nothing leaves this machine. Socket time-outs run on the target's clock."""

import _socket
import errno
import ipaddress
import os
import select
import socket
import ssl

from techlead_child import clock, control

LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "")
INTERNET = (socket.AF_INET, socket.AF_INET6)

_real_getaddrinfo = socket.getaddrinfo
_real_connect, _real_connect_ex = socket.socket.connect, socket.socket.connect_ex
_real_sendto = socket.socket.sendto


def _text(host):
    return host.decode("ascii", "replace") if isinstance(host, bytes) else host  # bytes have been through IDNA


def _is_address(host):
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        try:
            _socket.inet_aton(host)  # 2130706433 and 0x7f.1 are addresses to the C library
        except (OSError, UnicodeError):
            return False
    return True


def addresses_of(host):
    """The addresses of a name, as the audit has them; gaierror when it has none."""
    ascii_host = host.encode("idna").decode("ascii") if not host.isascii() else host
    answer = control.ask({"ask": "resolve", "name": ascii_host})
    if not answer.get("addresses"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return answer["addresses"]


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):  # noqa: A002 - as the real one
    """The target's socket.getaddrinfo."""
    name = _text(host)
    if name is None or name.lower().rstrip(".") in LOCAL_NAMES or _is_address(name):
        return _real_getaddrinfo(host, port, family, type, proto, flags)
    if name.lower() == _socket.gethostname().lower():
        return _real_getaddrinfo("127.0.0.1", port, family, type, proto, flags)
    found = []
    failure = None
    for address in addresses_of(name):
        try:
            found.extend(_real_getaddrinfo(address, port, family, type, proto, flags | socket.AI_NUMERICHOST))
        except socket.gaierror as error:  # an IPv6 address where IPv4 was asked for
            failure = error
    if not found:
        raise failure or socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return found


def gethostbyname(host):
    """The target's socket.gethostbyname."""
    return getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]


def gethostbyname_ex(host):
    """The target's socket.gethostbyname_ex."""
    rows = getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    return (host, [], [row[4][0] for row in rows])


def gethostbyaddr(address):
    """The target's socket.gethostbyaddr: nobody has a name."""
    raise socket.herror(1, "Unknown host")


def getfqdn(name=""):
    """The target's socket.getfqdn, without asking anybody."""
    return name or "localhost"


def _destination(sock, address):
    """Where the connection really goes; raises when the audit refuses."""
    if sock.family not in INTERNET or not isinstance(address, tuple):
        return address
    host, port = _text(address[0]), address[1]
    if not _is_address(host):
        host = getaddrinfo(host, port, sock.family, socket.SOCK_STREAM)[0][4][0]
    if _is_local(sock, (host, port)):
        own = control.own_port(port)
        if own is not None:
            return (address[0], own, *address[2:])
    answer = control.ask({"ask": "connect", "address": host, "port": port})
    if answer.get("own"):
        return address
    if "port" not in answer:
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    if sock.family == socket.AF_INET6:
        return ("::ffff:127.0.0.1", answer["port"], 0, 0)
    return ("127.0.0.1", answer["port"])


def connect(self, address):
    """The target's socket.connect; a time-out runs on the target's clock."""
    if self.type & 0xF == socket.SOCK_DGRAM:
        return _real_connect(self, address) if _is_local(self, address) else None
    where = _destination(self, address)
    seconds = self.gettimeout()
    if not seconds:
        return _real_connect(self, where)
    self.setblocking(False)
    try:
        code = _real_connect_ex(self, where)
        if code in (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN):
            if not clock.wait_for(self.fileno(), select.POLLOUT, seconds):
                raise socket.timeout("timed out")
            code = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    finally:
        self.settimeout(seconds)
    if code:
        raise OSError(code, os.strerror(code))
    return None


def connect_ex(self, address):
    """The target's socket.connect_ex."""
    try:
        where = _destination(self, address)
    except OSError as error:
        return error.errno or errno.ECONNREFUSED
    return _real_connect_ex(self, where)


def _is_local(sock, address):
    if sock.family not in INTERNET:
        return True
    host = _text(address[0])
    return host.lower() in LOCAL_NAMES or host.startswith("127.") or host == "::1"


def sendto(self, data, *rest):
    """The target's socket.sendto: datagrams stay on this machine, others are lost on the way."""
    if not _is_local(self, rest[-1]):
        return len(data)
    return _real_sendto(self, data, *rest)


def _timed(name, events):
    real = getattr(socket.socket, name)

    def call(self, *given, **named):
        seconds = self.gettimeout()
        if seconds and not clock.wait_for(self.fileno(), events, seconds):
            raise socket.timeout("timed out")
        return real(self, *given, **named)

    call.__name__ = name
    return call


def _timed_tls(name):
    real = getattr(ssl.SSLSocket, name)

    def call(self, *given, **named):
        seconds = self.gettimeout()
        if seconds and self._sslobj is not None and not self.pending():
            if not clock.wait_for(self.fileno(), select.POLLIN, seconds):
                raise socket.timeout("The read operation timed out")
        return real(self, *given, **named)

    call.__name__ = name
    return call


def install():
    """Take the place of the network."""
    replaced = (getaddrinfo, gethostbyname, gethostbyname_ex, gethostbyaddr, getfqdn)
    clock.swap([(getattr(socket, ours.__name__), ours) for ours in replaced])
    for name, events in (
        ("recv", select.POLLIN),
        ("recv_into", select.POLLIN),
        ("recvfrom", select.POLLIN),
        ("send", select.POLLOUT),
        ("sendall", select.POLLOUT),
    ):
        setattr(socket.socket, name, _timed(name, events))
    ssl.SSLSocket.read = _timed_tls("read")
    for ours in (connect, connect_ex, sendto):
        setattr(socket.socket, ours.__name__, ours)
