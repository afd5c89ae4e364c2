"""What a backend tells about itself: `/openapi.json` for programs, `/docs` for people."""

from techlead.serve.docs.handlers import read_docs, read_openapi

__all__ = ["read_docs", "read_openapi"]
