"""Reads the URL map of a Flask application, and from each handler's source what it takes."""

from techlead_child import source


def read(objects):
    """The application with most rules."""
    from flask import Flask

    applications = [found for found in objects if isinstance(found, Flask)]
    if not applications:
        return None
    application = max(applications, key=lambda one: len(list(one.url_map.iter_rules())))
    return {"routes": list(_routes(application)), "openapi": None, "debug": bool(application.debug)}


def _routes(application):
    for rule in application.url_map.iter_rules():
        if rule.endpoint == "static" or rule.endpoint.endswith(".static"):
            continue
        view = application.view_functions.get(rule.endpoint)
        if view is None:
            continue
        for method in sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"}):
            handler = _handler(view, method)
            shape = source.shape_of(handler)
            yield {
                "method": method,
                "path": _template(rule.rule),
                "name": rule.endpoint,
                "parameters": [
                    {"name": name, "type": _type(convertor)} for name, convertor in rule._converters.items()
                ],
                "source": source.place(handler),
                "query": shape.get("query", []),
                "body": shape.get("body") if method not in ("GET", "DELETE") else None,
                "media": shape.get("media"),
            }


def _handler(view, method):
    """The function itself; of a MethodView (or flask-restful Resource) the method of that name."""
    cls = getattr(view, "view_class", None)
    return getattr(cls, method.lower(), view) if cls is not None else view


def _type(convertor):
    return {"IntegerConverter": "integer", "FloatConverter": "number"}.get(type(convertor).__name__, "string")


def _template(rule):
    """`/orders/<int:order_id>` is `/orders/{order_id}`."""
    parts = []
    for piece in rule.split("<"):
        inside, closing, rest = piece.partition(">")
        parts.append("{%s}%s" % (inside.rpartition(":")[2], rest) if closing else piece)
    return "".join(parts)
