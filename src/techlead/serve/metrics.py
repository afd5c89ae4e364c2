"""Numbers of delivery for OpenTelemetry, and a Prometheus endpoint for them: the extra `techlead[metrics]`.

They are counted by channel and never by destination or person: so there are few of them, whoever is told.
"""

from __future__ import annotations

from typing import Any, Final

from techlead.deliver.dispatcher import Reports
from techlead.deliver.outbox import Change, Claimed, Ended, Moved, Released
from techlead.deliver.port import Outcome
from techlead.errors import SettingsRefused, WorldError
from techlead.serve.settings import Settings

NEEDED: Final = "TECHLEAD_METRICS_PORT needs OpenTelemetry: install techlead[metrics], or unset it."
ADDRESS: Final = "127.0.0.1"


def expose(settings: Settings) -> None:
    """Answer Prometheus on a port of its own, on this machine only; nothing where no port is set."""
    if not settings.metrics_port:
        return
    try:
        from opentelemetry import metrics  # noqa: PLC0415 - an extra
        from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415 - as above
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - as above
        from prometheus_client import start_http_server  # noqa: PLC0415 - as above
    except ImportError:
        raise SettingsRefused(NEEDED) from None
    metrics.set_meter_provider(MeterProvider([PrometheusMetricReader()]))
    start_http_server(settings.metrics_port, ADDRESS)


def metered(reports: Reports) -> Reports:
    """Count what is reported, where OpenTelemetry is installed; its own settings say where the numbers go."""
    try:
        from opentelemetry import metrics  # noqa: PLC0415 - an extra
    except ImportError:
        return reports
    return Metered(reports, metrics.get_meter("techlead"))


class Metered:
    """Reports that are passed on and counted."""

    def __init__(self, reports: Reports, meter: Any) -> None:
        """Make the instruments."""
        self._reports = reports
        self._tries = meter.create_counter("techlead.delivery.tries", "1", "Tries, by channel, outcome and fault")
        self._seconds = meter.create_histogram("techlead.delivery.duration", "s", "How long a try took")
        self._changes = meter.create_counter("techlead.destination.changes", "1", "Changes of breakers, by phase")
        self._ended = meter.create_counter("techlead.delivery.undelivered", "1", "Messages that ended undelivered")
        self._faults = meter.create_counter("techlead.delivery.faults", "1", "Failures of the database or of a channel")

    def tried(self, claimed: Claimed, outcome: Outcome | Moved | Released, seconds: float) -> None:
        """A try ended."""
        fault = getattr(outcome, "fault", None)
        named = {"channel": claimed.waiting.channel, "outcome": type(outcome).__name__.lower()}
        self._tries.add(1, {**named, "fault": fault.value if fault else "", "probe": claimed.probe})
        self._seconds.record(seconds, named)
        self._reports.tried(claimed, outcome, seconds)

    def changed(self, change: Change) -> None:
        """A destination changed its phase."""
        self._changes.add(1, {"channel": change.lane.partition(":")[0], "phase": change.after.value})
        self._reports.changed(change)

    def ended(self, ended: Ended) -> None:
        """A message ended without being delivered."""
        named = {"channel": ended.lane.partition(":")[0], "state": ended.state, "reason": ended.reason}
        self._ended.add(1, named)
        self._reports.ended(ended)

    def waits(self, error: WorldError) -> None:
        """The database failed."""
        self._faults.add(1, {"fault": type(error).__name__})
        self._reports.waits(error)

    def failed(self, error: Exception, channel: str) -> None:
        """A channel raised an exception."""
        self._faults.add(1, {"fault": "channel", "channel": channel})
        self._reports.failed(error, channel)
