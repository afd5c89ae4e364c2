"""Serves `module:app`: python serve.py MODULE APP. With whatever server the target has; WSGI needs none."""

import importlib
import inspect
import os
import sys


def main(module, name):
    """Import, find the application, serve it on a port of the kernel's choice."""
    sys.path.insert(0, os.getcwd())
    application = getattr(importlib.import_module(module), name)
    if not callable(application) or (inspect.isfunction(application) and not inspect.signature(application).parameters):
        application = application()  # a factory
    if _is_asgi(application):
        _serve_asgi(application)
    else:
        _serve_wsgi(application)


def _is_asgi(application):
    call = application if inspect.isfunction(application) else type(application).__call__
    if inspect.iscoroutinefunction(call):
        return True
    try:
        parameters = [one for one in inspect.signature(call).parameters if one != "self"]
    except (TypeError, ValueError):
        return False
    return parameters[:3] == ["scope", "receive", "send"]


def _serve_asgi(application):
    try:
        import uvicorn
    except ImportError:
        try:
            import asyncio

            from hypercorn.asyncio import serve
            from hypercorn.config import Config
        except ImportError:
            raise SystemExit("techlead: an ASGI application needs uvicorn or hypercorn in its Python") from None
        config = Config()
        config.bind = ["127.0.0.1:8000"]
        asyncio.run(serve(application, config))
        return
    uvicorn.run(application, host="127.0.0.1", port=8000, loop="asyncio", log_level="info")


def _serve_wsgi(application):
    try:
        from waitress import serve
    except ImportError:
        pass
    else:
        serve(application, host="127.0.0.1", port=8000, threads=8)
        return
    try:
        from werkzeug.serving import run_simple
    except ImportError:
        pass
    else:
        run_simple("127.0.0.1", 8000, application, threaded=True)
        return
    import socketserver
    import wsgiref.simple_server

    class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
        daemon_threads = True

    wsgiref.simple_server.make_server("127.0.0.1", 8000, application, server_class=Server).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:3])
