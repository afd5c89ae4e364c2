"""Reads the routes of FastAPI and Starlette applications, those left out of the schema too."""

import sys

from techlead_child import source

DOCUMENTS = ("openapi", "swagger_ui_html", "swagger_ui_redirect", "redoc_html")


def read(objects):
    """The application with most routes (others are mounted in it)."""
    from starlette.applications import Starlette

    applications = [found for found in objects if isinstance(found, Starlette)]
    if not applications:
        return None
    application = max(applications, key=lambda one: len(one.routes))
    return {
        "framework": "fastapi" if hasattr(application, "openapi") else "starlette",
        "openapi": _openapi(application),
        "hidden": _hidden(application),
        "routes": list(_routes(application.routes, "")),
    }


def _openapi(application):
    try:
        return application.openapi()
    except Exception:
        return None


def _hidden(application):
    """The schema of routes with include_in_schema=False."""
    hidden = [route for route in application.routes if getattr(route, "include_in_schema", True) is False]
    hidden = [route for route in hidden if hasattr(route, "dependant")]
    if not hidden or "fastapi" not in sys.modules:
        return None
    for route in hidden:
        route.include_in_schema = True
    try:
        from fastapi.openapi.utils import get_openapi

        return get_openapi(title="hidden", version="0", routes=hidden)
    except Exception:
        return None
    finally:
        for route in hidden:
            route.include_in_schema = False


def _routes(routes, prefix):
    for route in routes:
        path = prefix + getattr(route, "path", "")
        inner = getattr(route, "routes", None)
        if inner:
            for found in _routes(inner, path):
                yield found
            continue
        methods = getattr(route, "methods", None)
        endpoint = getattr(route, "endpoint", None)
        if not methods or endpoint is None:
            continue
        names = getattr(route, "param_convertors", {})
        shape = source.shape_of(endpoint) if not hasattr(route, "dependant") or _reads_request(route) else {}
        for method in sorted(set(methods) - {"HEAD", "OPTIONS"}):
            yield {
                "method": method,
                "path": _plain(path),
                "name": getattr(route, "name", ""),
                "document": getattr(route, "name", "") in DOCUMENTS,
                "parameters": [{"name": name, "type": _type(convertor)} for name, convertor in names.items()],
                "source": source.place(endpoint),
                "query": shape.get("query", []),
                "body": shape.get("body"),
                "media": shape.get("media"),
            }


def _reads_request(route):
    return bool(getattr(route.dependant, "request_param_name", None)) and not route.dependant.body_params


def _type(convertor):
    return {"IntegerConvertor": "integer", "FloatConvertor": "number"}.get(type(convertor).__name__, "string")


def _plain(path):
    """`/files/{path:path}` is `/files/{path}`."""
    parts = []
    for piece in path.split("{"):
        name, closing, rest = piece.partition("}")
        parts.append(name.partition(":")[0] + closing + rest if closing else piece)
    return "{".join(parts)
