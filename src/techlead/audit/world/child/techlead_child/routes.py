"""The route table of whatever application this process holds: FastAPI, Starlette, Flask, Django with or without REST framework."""

import gc
import sys

from techlead_child import django_routes, flask_routes, starlette_routes

READERS = (
    ("starlette", "starlette.applications", starlette_routes),
    ("flask", "flask.app", flask_routes),
    ("django", "django.urls", django_routes),
)
"""Name, the module that must be loaded for it, and who reads it."""


def read():
    """The first framework that has an application here; None when there is none (yet)."""
    for name, module, reader in READERS:
        if module not in sys.modules:
            continue
        found = reader.read(gc.get_objects())
        if found is not None and found["routes"]:
            found.setdefault("framework", name)
            return found
    return None
