"""Holds the target's libraries loaded and forks its processes: python zygote.py MODULES, then one JSON line for each process.

    {"command": [python, file, ...], "cwd": ..., "environment": {...}, "output": file}   ->   the process's number, a line

Only libraries that every web application has are loaded beforehand, never a line of the target. A library that starts a
thread when it is imported makes this of no use: it then ends at once, and processes are started in the usual way.
"""

import importlib
import json
import os
import runpy
import signal
import sys
import threading
import traceback

from techlead_child import hashing, modules


def main(listing):
    """Load, then fork on demand until the audit hangs up."""
    modules.install()
    hashing.install("")
    with open(listing, encoding="utf-8") as file:
        for name in file.read().split():
            try:
                importlib.import_module(name)
            except Exception:  # noqa: S112 - one that needs the target's settings is loaded by the target
                continue
    if threading.active_count() > 1:
        sys.exit(3)
    base = [entry for entry in sys.path[1:] if entry not in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends is gone at once
    _say("ready")
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        process = os.fork()
        if process == 0:
            _become(json.loads(line), base)
        _say(process)


def _say(word):
    sys.stdout.write("%s\n" % word)
    sys.stdout.flush()


def _become(asked, base):
    code = 1
    exits = os.path.join(asked["environment"]["AUDITED_FOLDER"], "exit-%d" % os.getpid())
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.chdir(asked["cwd"])
        _rewire(asked["output"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        script = asked["command"][1]
        sys.argv[:] = asked["command"][1:]
        own = [entry for entry in asked["environment"].get("PYTHONPATH", "").split(os.pathsep) if entry]
        sys.path[:] = [os.path.dirname(os.path.abspath(script)), *own, *base]
        try:
            importlib.invalidate_caches()
        except Exception:  # noqa: S110 - a library's own finder may be no object at all (seen: a class)
            pass
        import techlead_child

        techlead_child.install(asked["environment"]["AUDITED_FOLDER"])
        runpy.run_path(script, run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if code and not isinstance(end.code, int):
            sys.stderr.write("%s\n" % (end.code,))
    except BaseException:
        traceback.print_exc()
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    with open(exits, "w", encoding="ascii") as file:
        file.write(str(code))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _rewire(output):
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(written, 1)
    os.dup2(written, 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)


if __name__ == "__main__":
    main(sys.argv[1])
