"""Finds the application in a process that listens, and leaves its routes in the control folder."""

import json
import os
import socket
import threading
import traceback

from techlead_child import clock

LOOK_SECONDS = 20.0
PAUSE_SECONDS = 0.05
LOOKS_FOR_NOTHING = 20  # after so many a process without any framework is said to have no routes
STAY_SECONDS = 1.0

_started = []


def install(folder):
    """Look once this process listens (or is a worker forked from one that does)."""
    listen = socket.socket.listen

    def listened(self, *backlog):
        done = listen(self, *backlog)
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _started:
            _started.append(True)
            _begin(folder)
        return done

    socket.socket.listen = listened
    _stay_with_audit()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _begin(folder) if _started else None)


def _stay_with_audit():
    """End this process, and each that it forks, soon after the audit is gone: even kill -9 of it leaves nothing behind."""
    audit = int(os.environ.get("AUDITED_PROCESS", "0"))

    def stay():
        while os.path.exists("/proc/%d" % audit):
            clock._real_sleep(STAY_SECONDS)
        os._exit(1)

    def begin():
        threading.Thread(target=stay, name="techlead-audit-stay", daemon=True).start()

    if audit and os.path.exists("/proc/self"):
        begin()
        os.register_at_fork(after_in_child=begin)


def _begin(folder):
    threading.Thread(target=_look, args=(folder,), name="techlead-audit-routes", daemon=True).start()


def _look(folder):
    path = os.path.join(folder, "routes.json")
    until = clock._real_monotonic() + LOOK_SECONDS
    looks = 0
    while clock._real_monotonic() < until and not os.path.exists(path):
        looks += 1
        try:
            if write(path, nothing=looks > LOOKS_FOR_NOTHING):
                return
        except Exception:
            with open(os.path.join(folder, "routes.error"), "w", encoding="utf-8") as file:
                file.write(traceback.format_exc())
            return
        clock._real_sleep(PAUSE_SECONDS)


def write(path, nothing=False):
    """Write the routes of every application in this process; False when there is none (yet), unless `nothing` will do."""
    from techlead_child import routes

    found = routes.read()
    if found is None and nothing and not routes.loaded():
        found = {}
    if found is None:
        return False
    partial = "%s.%d" % (path, os.getpid())
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(found, file, default=str)
    os.replace(partial, path)
    return True
