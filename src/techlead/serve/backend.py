"""`Backend`: what a user declares, and the way from it to a running application."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from techlead.declare.backend import Declarations
from techlead.derive.compile import derive
from techlead.derive.plan import Plan
from techlead.errors import DeclarationsRefused, Refusal
from techlead.primitives.clock import system_clock
from techlead.serve.application import Application
from techlead.serve.assemble import assemble
from techlead.serve.mount import Asgi
from techlead.serve.settings import settings_from
from techlead.serve.shadowing import shadowed
from techlead.serve.signed import signed_plan
from techlead.store.open import open_store

TEMPLATES: Final = "templates"
"""The folder beside the backend's file in which the templates of its messages lie."""


class Backend(Declarations):
    """A backend: declare resources and accounts on it, then serve it or mount it."""

    _plan: Plan | None = None

    def plan(self) -> Plan:
        """Derive everything; DeclarationsRefused names each declaration that cannot stand, with its mend.

        Declarations are complete when they are first derived; what is declared later is not part of it.
        """
        if self._plan is None:
            self._plan = derive(self, templates_beside(self.origin.file))
        return self._plan

    def asgi(self, database: str = "sqlite:///techlead.db", *, mounts: Mapping[str, Asgi] | None = None) -> Application:
        """Make the ASGI application, to serve or to mount in FastAPI or Starlette; `mounts` puts others inside it.

        `database` is `sqlite:///FILE` or `postgresql://...`; settings come from `TECHLEAD_*` in the environment.
        """
        settings = settings_from(os.environ)
        folder = Path(self.origin.file).parent
        plan, notes = signed_plan(self.plan(), folder, settings)
        shadows = shadowed(plan, folder, system_clock, self.plan())
        application = assemble(shadows.plan, open_store(database), settings, mounts=mounts, beside=shadows.periodic)
        for note in (*notes, *shadows.notes):
            application.runtime.log.warning("intent", reason=note)
        return application


def templates_beside(file: str) -> Mapping[str, str]:
    """Read the templates that lie beside a backend's file, by their names; DeclarationsRefused when one is no text."""
    found = {}
    for path in sorted((Path(file).parent / TEMPLATES).glob("*.md")):
        try:
            found[path.name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            refusal = Refusal(str(path), 1, f"template {path.name}", "it is no text in UTF-8", "save it as UTF-8")
            raise DeclarationsRefused((refusal,)) from None
    return found
