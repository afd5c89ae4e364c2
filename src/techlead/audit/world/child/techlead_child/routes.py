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

LIBRARIES = frozenset(
    "annotated_types anyio argon2 asgiref bcrypt blinker certifi click cryptography dns django email_validator fastapi flask"
    " flask_sqlalchemy greenlet h11 httpcore httptools httpx idna itsdangerous jinja2 jwt markupsafe marshmallow multipart"
    " passlib pydantic pydantic_core pydantic_settings python_multipart requests sniffio sqlalchemy sqlmodel starlette"
    " typing_extensions typing_inspection urllib3 uvicorn waitress websockets werkzeug"
    " asyncio concurrent email http json logging multiprocessing smtplib sqlite3 ssl unittest urllib uuid".split()
)


def read():
    """The first framework that has an application here; None when there is none (yet)."""
    for name, module, reader in READERS:
        if module not in sys.modules:
            continue
        found = reader.read(gc.get_objects())
        if found is not None and found["routes"]:
            found.setdefault("framework", name)
            found["modules"] = libraries()
            return found
    return None


def loaded():
    """Whether a framework that can be read is loaded at all."""
    return any(module in sys.modules for _, module, _ in READERS)


def libraries():
    """The loaded modules of libraries that do nothing but be there: what further processes need not load again."""
    return [name for name in list(sys.modules) if name.partition(".")[0] in LIBRARIES]
