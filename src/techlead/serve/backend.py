"""`Backend`: what a user declares, and the way from it to a running application."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from techlead.declare.backend import Declarations
from techlead.derive.compile import derive
from techlead.derive.plan import Plan
from techlead.primitives.clock import system_clock
from techlead.serve.application import Application
from techlead.serve.assemble import assemble
from techlead.serve.mount import Asgi
from techlead.serve.settings import settings_from
from techlead.serve.shadowing import shadowed
from techlead.serve.signed import signed_plan
from techlead.store.open import open_store


class Backend(Declarations):
    """A backend: declare resources and accounts on it, then serve it or mount it."""

    _plan: Plan | None = None

    def plan(self) -> Plan:
        """Derive everything; DeclarationsRefused names each declaration that cannot stand, with its mend.

        Declarations are complete when they are first derived; what is declared later is not part of it.
        """
        if self._plan is None:
            self._plan = derive(self)
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
