"""Modules whose work is done in C, out of our hands: their callers are given what the standard library does instead."""

import os
import sys
import types
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder

ABSENT = ("aiodns", "pycares")  # their users (aiohttp) fall back to socket.getaddrinfo


class _Uvloop(object):
    """Makes a `uvloop` that is asyncio's own loop: one that sees the audit's clock and network."""

    @staticmethod
    def create_module(spec):
        return types.ModuleType(spec.name)

    @staticmethod
    def exec_module(module):
        import asyncio

        module.__version__ = "0.0"
        module.Loop = asyncio.SelectorEventLoop
        module.new_event_loop = asyncio.SelectorEventLoop
        module.install = lambda: None
        module.run = asyncio.run
        module.EventLoopPolicy = asyncio.DefaultEventLoopPolicy


class _Certifi(object):
    """Loads certifi, and names the audit's authority as its bundle."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        self.mend(module)

    @staticmethod
    def mend(module):
        bundle = os.environ["SSL_CERT_FILE"]
        module.where = lambda: bundle
        module.contents = lambda: open(bundle, encoding="ascii").read()


class _Finder(MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname in ABSENT:
            raise ModuleNotFoundError("No module named %r" % fullname, name=fullname)
        if fullname == "uvloop":
            return ModuleSpec(fullname, _Uvloop)
        if fullname == "certifi" and os.environ.get("SSL_CERT_FILE"):
            spec = PathFinder.find_spec(fullname, path)
            if spec is not None and spec.loader is not None:
                spec.loader = _Certifi(spec.loader)
            return spec
        return None


def install():
    """Answer imports first; what is loaded already is mended."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    loaded = sys.modules.get("certifi")
    if loaded is not None and os.environ.get("SSL_CERT_FILE"):
        _Certifi.mend(loaded)
