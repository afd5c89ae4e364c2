"""The ASGI application: parse, authenticate, authorise, do, answer."""
