"""Reads Django's URL configuration: plain views, class-based views, REST framework's view sets and functions, ninja."""

import sys

from techlead_child import schema, source

METHODS = ("get", "post", "put", "patch", "delete")
WRITING = {"create": "POST", "update": "PUT", "partial_update": "PATCH"}


def read(objects):
    """Every route below ROOT_URLCONF; None before Django is set up."""
    from django.apps import apps
    from django.conf import settings
    from django.urls import get_resolver

    if not settings.configured or not apps.ready:
        return None
    return {
        "routes": list(_below(get_resolver().url_patterns, "/")),
        "openapi": _ninja(objects),
        "debug": bool(settings.DEBUG),
    }


def _ninja(objects):
    if "ninja" not in sys.modules:
        return None
    from ninja import NinjaAPI

    for found in objects:
        if isinstance(found, NinjaAPI):
            return found.get_openapi_schema()
    return None


def _below(patterns, prefix):
    for entry in patterns:
        path = prefix + _template(entry.pattern)
        inner = getattr(entry, "url_patterns", None)
        if inner is not None:
            for found in _below(inner, path):
                yield found
            continue
        if "{format}" in path:
            continue
        for method, handler, view in _handlers(entry.callback):
            yield _route(entry, path, method, handler, view)


def _route(entry, path, method, handler, view):
    shape = source.shape_of(handler) if handler is not None else {}
    body = shape.get("body")
    if body is None and view is not None and method in ("POST", "PUT", "PATCH"):
        body = _serializer(view, handler)
    query = list(shape.get("query", []))
    if view is not None and method == "GET":
        query += _view_query(view, handler)
    convertors = getattr(entry.pattern, "converters", {})
    return {
        "method": method,
        "path": path.replace("{pk}", "{id}"),
        "name": entry.name or "",
        "document": "schema" in (entry.name or "") or path.startswith("/admin/"),
        "parameters": [
            {"name": "id" if name == "pk" else name, "type": _type(convertor)} for name, convertor in convertors.items()
        ],
        "source": source.place(handler) if handler is not None else None,
        "query": query,
        "body": body if method != "GET" else None,
        "media": shape.get("media"),
    }


def _handlers(callback):
    """(METHOD, function, class or None) of one callback."""
    cls = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    actions = getattr(callback, "actions", None)
    if cls is not None and actions:
        return [
            (method.upper(), getattr(cls, name, None), cls) for method, name in actions.items() if method in METHODS
        ]
    if cls is not None:
        found = [(name, getattr(cls, name, None)) for name in METHODS]
        return [(name.upper(), source.inner(function), cls) for name, function in found if function is not None]
    return [(method, callback, None) for method in source.methods_of(callback)]


def _serializer(view, handler):
    """The serializer that a generic view would take."""
    action = getattr(handler, "__name__", "")
    try:
        made = view()
        made.action, made.request, made.kwargs, made.args, made.format_kwarg = action, None, {}, (), None
        if action in WRITING or source.mentions(handler, "get_serializer("):
            return schema.of(made.get_serializer_class())
    except Exception:
        found = getattr(view, "serializer_class", None)
        return schema.of(found) if found is not None and action in WRITING else None
    return None


def _view_query(view, handler):
    names = [{"name": "page", "type": "integer"}] if getattr(view, "pagination_class", None) else []
    if getattr(handler, "__name__", "") in ("list", "get"):
        queryset = getattr(view, "get_queryset", None)
        if queryset is not None:
            names += source.shape_of(queryset).get("query", [])
        names += [{"name": str(name), "type": "string"} for name in getattr(view, "filterset_fields", None) or ()]
        if getattr(view, "search_fields", None):
            names.append({"name": "search", "type": "string"})
    return names


def _type(convertor):
    return {"IntConverter": "integer"}.get(type(convertor).__name__, "string")


def _template(pattern):
    text = str(pattern)
    return _from_route(text) if hasattr(pattern, "_route") else _from_regex(text)


def _from_route(route):
    parts = []
    for piece in route.split("<"):
        inside, closing, rest = piece.partition(">")
        parts.append("{%s}%s" % (inside.rpartition(":")[2], rest) if closing else piece)
    return "".join(parts)


def _from_regex(regex):
    r"""`^tickets/(?P<pk>[^/.]+)/$` is `tickets/{pk}/`."""
    out, place = [], 0
    while place < len(regex):
        if regex.startswith("(?P<", place):
            name = regex[place + 4 : regex.index(">", place)]
            depth = 0
            for end in range(place, len(regex)):
                escaped = regex[end - 1] == "\\"
                depth += 0 if escaped else {"(": 1, ")": -1}.get(regex[end], 0)
                if depth == 0:
                    break
            out.append("{%s}" % name)
            place = end + 1
            continue
        character = regex[place]
        if regex.startswith(("\\Z", "\\A"), place):
            place += 2
            continue
        if character == "\\":
            place += 1
            continue
        if character not in "^$?":
            out.append(character)
        place += 1
    return "".join(out)
