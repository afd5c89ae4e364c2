"""A worker: delivers what waits in the outbox without serving requests, on as many machines as there are."""

from __future__ import annotations

from collections.abc import Mapping

from techlead.deliver.port import Channel, Compose
from techlead.errors import SettingsRefused
from techlead.serve.application import Application
from techlead.serve.delivery import LogReports, collecting, dispatcher_of, has_lanes, measuring, outbox_of
from techlead.serve.runtime import Runtime
from techlead.serve.tasks import Tasks

NEEDS_LANES = "Workers on PostgreSQL need pgqueuer: install techlead[lanes]."


async def deliver(
    application: Application, channels: Mapping[str, Channel] | None = None, compose: Compose | None = None
) -> None:
    """Deliver until cancelled; then what is under way ends and is noted."""
    runtime = application.runtime
    await runtime.store.open()
    tasks = Tasks(runtime.log, [*collecting(runtime), *measuring(runtime)])
    tasks.start()
    try:
        await _run(runtime, channels, compose)
    finally:
        await tasks.stop()
        await application.stop()


async def _run(runtime: Runtime, channels: Mapping[str, Channel] | None, compose: Compose | None) -> None:
    if runtime.store.dialect == "sqlite":
        await dispatcher_of(runtime, channels, compose).run()
        return
    if not has_lanes():
        raise SettingsRefused(NEEDS_LANES)
    from techlead.deliver.lanes import LaneWorker  # noqa: PLC0415 - pgqueuer is an extra

    dispatcher = dispatcher_of(runtime, channels, compose, told_lanes=True)
    url: str = getattr(runtime.store, "url", "")
    reports = LogReports(runtime.log)
    await LaneWorker(url, outbox_of(runtime), dispatcher, runtime.limits, runtime.clock, reports.waits).run()
