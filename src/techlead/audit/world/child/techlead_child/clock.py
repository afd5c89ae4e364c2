"""A clock that the audit moves: seconds in a shared file are added to the real ones, and whoever waits looks again every few ms."""

import ctypes
import datetime  # noqa: ICN001 - it is what is replaced
import gc
import mmap
import os
import select
import selectors
import struct
import sys
import threading
import time

SLICE_SECONDS = 0.02

_real_time, _real_time_ns = time.time, time.time_ns
_real_monotonic, _real_monotonic_ns = time.monotonic, time.monotonic_ns
_real_sleep = time.sleep
_real_gmtime, _real_localtime, _real_strftime, _real_ctime = time.gmtime, time.localtime, time.strftime, time.ctime
_ahead = [None]
_double = struct.Struct("<d")


def ahead():
    """How many seconds the target's clock is ahead of the real one."""
    return _double.unpack_from(_ahead[0], 0)[0]


class _Moved(object):
    """The replacements are bound methods: like functions of C they stay what they are as a class's attribute."""

    def time(self):
        """The target's time.time."""
        return _real_time() + ahead()

    def monotonic(self):
        """The target's time.monotonic."""
        return _real_monotonic() + ahead()

    def time_ns(self):
        """The target's time.time_ns."""
        return _real_time_ns() + int(ahead() * 1_000_000_000)

    def monotonic_ns(self):
        """The target's time.monotonic_ns."""
        return _real_monotonic_ns() + int(ahead() * 1_000_000_000)

    def sleep(self, seconds):
        """The target's time.sleep."""
        if seconds <= 0:
            _real_sleep(seconds)
            return
        deadline = monotonic() + seconds
        while True:
            left = deadline - monotonic()
            if left <= 0:
                return
            _real_sleep(min(left, SLICE_SECONDS))

    def gmtime(self, seconds=None):
        """The target's time.gmtime."""
        return _real_gmtime(now() if seconds is None else seconds)

    def localtime(self, seconds=None):
        """The target's time.localtime."""
        return _real_localtime(now() if seconds is None else seconds)

    def strftime(self, form, when=None):
        """The target's time.strftime."""
        return _real_strftime(form, self.localtime() if when is None else when)

    def ctime(self, seconds=None):
        """The target's time.ctime."""
        return _real_ctime(now() if seconds is None else seconds)


_moved = _Moved()
now, monotonic = _moved.time, _moved.monotonic


REPLACED = (
    ("time", _real_time),
    ("time_ns", _real_time_ns),
    ("monotonic", _real_monotonic),
    ("monotonic_ns", _real_monotonic_ns),
    ("sleep", _real_sleep),
    ("gmtime", _real_gmtime),
    ("localtime", _real_localtime),
    ("strftime", _real_strftime),
    ("ctime", _real_ctime),
)


def _datetime_now(cls, tz=None):
    return cls.fromtimestamp(now(), tz)


def _datetime_utcnow(cls):
    return cls.fromtimestamp(now(), datetime.timezone.utc).replace(tzinfo=None)


def _date_today(cls):
    return cls.fromtimestamp(now())


def _set_on_type(cls, name, value):
    """Replace a method of a type written in C where it stands, so that every reference to the type sees it."""
    names = gc.get_referents(cls.__dict__)[0]
    names[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))


def _condition_wait(self, timeout=None):
    if timeout is None or timeout <= 0:
        return _real_condition_wait(self, timeout)
    if not self._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = threading._allocate_lock()
    waiter.acquire()
    self._waiters.append(waiter)
    saved = self._release_save()
    notified = False
    deadline = monotonic() + timeout
    try:
        while not notified:
            left = deadline - monotonic()
            if left <= 0:
                notified = waiter.acquire(False)
                break
            notified = waiter.acquire(True, min(left, SLICE_SECONDS))
        return notified
    finally:
        self._acquire_restore(saved)
        if not notified:
            try:
                self._waiters.remove(waiter)
            except ValueError:
                pass


_real_condition_wait = threading.Condition.wait


def _sliced(real):
    def wait(self, timeout=None):
        if timeout is None or timeout <= 0:
            return real(self, timeout)
        deadline = monotonic() + timeout
        while True:
            left = deadline - monotonic()
            if left <= 0:
                return real(self, 0)
            ready = real(self, min(left, SLICE_SECONDS))
            if ready:
                return ready

    return wait


_real_select = select.select


def _select(reading, writing, failing, timeout=None):
    if timeout is None or timeout <= 0:
        return _real_select(reading, writing, failing, timeout)
    deadline = monotonic() + timeout
    while True:
        left = deadline - monotonic()
        ready = _real_select(reading, writing, failing, max(0, min(left, SLICE_SECONDS)))
        if left <= 0 or any(ready):
            return ready


def wait_for(descriptor, events, seconds):
    """Wait until a file descriptor is ready; False when so many seconds of the target's clock have passed."""
    poll = select.poll()
    poll.register(descriptor, events)
    deadline = monotonic() + seconds
    while True:
        left = deadline - monotonic()
        if poll.poll(max(0, min(left, SLICE_SECONDS)) * 1000):
            return True
        if left <= 0:
            return False


def swap(pairs):
    """Replace functions also where modules that are loaded already have taken them by name."""
    instead = {id(real): ours for real, ours in pairs}
    for name, module in list(sys.modules.items()):
        if module is None or name.startswith("techlead_child"):
            continue
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if id(value) in instead:
                setattr(module, attribute, instead[id(value)])


def install(folder):
    """Put every clock and every wait of this process under the shared number."""
    path = os.path.join(folder, "clock")
    with open(path, "r+b") as file:
        _ahead[0] = mmap.mmap(file.fileno(), _double.size)
    for name, _ in REPLACED:
        setattr(time, name, getattr(_moved, name))
    swap([(real, getattr(_moved, name)) for name, real in REPLACED])
    _set_on_type(datetime.datetime, "now", classmethod(_datetime_now))
    _set_on_type(datetime.datetime, "utcnow", classmethod(_datetime_utcnow))
    _set_on_type(datetime.date, "today", classmethod(_date_today))
    threading.Condition.wait = _condition_wait
    select.select = _select
    swap([(_real_select, _select)])
    for name in ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector"):
        selector = getattr(selectors, name, None)
        if selector is not None and "select" in vars(selector):
            selector.select = _sliced(selector.select)
    mixed = getattr(selectors, "_PollLikeSelector", None)
    if mixed is not None:
        for name in ("PollSelector", "DevpollSelector"):
            selector = getattr(selectors, name, None)
            if selector is not None and "select" not in vars(selector):
                selector.select = _sliced(selector.select)
