"""SQLite files outside of the instance's folder are copied into it first: the target's real data is never touched."""

import os
import shutil
import sqlite3

_real_connect = sqlite3.dbapi2.connect
_room = ["", ""]


def inside(database):
    """The path to open instead."""
    if not isinstance(database, (str, bytes, os.PathLike)):
        return database
    text = os.fsdecode(database)
    prefix = "file:" if text.startswith("file:") else ""
    path, mark, rest = text[len(prefix) :].partition("?") if prefix else (text, "", "")
    if not os.path.isabs(path) or path.startswith((_room[0] + os.sep, _room[1] + os.sep)) or "mode=memory" in rest:
        return database
    place = os.path.join(_room[1], "outside", path.lstrip(os.sep).replace(os.sep, "_"))
    os.makedirs(os.path.dirname(place), exist_ok=True)
    for ending in ("", "-wal"):
        if os.path.exists(path + ending) and not os.path.exists(place + ending):
            shutil.copyfile(path + ending, place + ending)
    return prefix + place + mark + rest


def connect(database, *given, **named):
    """The target's sqlite3.connect."""
    return _real_connect(inside(database), *given, **named)


def install(folder):
    """Take the place of sqlite3.connect; two folders are home: the control folder and the instance's copy."""
    _room[:] = [os.path.realpath(os.environ.get("AUDITED_HOME", folder)), os.path.realpath(folder)]
    sqlite3.connect = connect
    sqlite3.dbapi2.connect = connect
