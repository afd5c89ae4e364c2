"""Numbers of delivery for OpenTelemetry, and a Prometheus endpoint for them: the extra `techlead[metrics]`.

They are counted by channel and never by destination or person: so there are few of them, whoever is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from techlead.deliver import desk_statements
from techlead.deliver.dispatcher import Reports
from techlead.deliver.outbox import Change, Claimed, Ended, Moved, Released
from techlead.deliver.port import Outcome
from techlead.errors import SettingsRefused, WorldError
from techlead.primitives.clock import SECOND_US
from techlead.serve.runtime import Runtime
from techlead.serve.settings import Settings

NEEDED: Final = "TECHLEAD_METRICS_PORT needs OpenTelemetry: install techlead[metrics], or unset it."
TAKEN: Final = (
    "TECHLEAD_METRICS_PORT is {}, which is taken or is none: give each process on this machine a port of its own."
)
ADDRESS: Final = "127.0.0.1"
MEASURING: Final = "measure_queues"
MEASURE_SECONDS: Final = 15
TRY_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
"""Bounds of the histogram, up to the longest try; OpenTelemetry's own begin at 5, for they are meant for milliseconds."""


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
    try:
        start_http_server(settings.metrics_port, ADDRESS)
    except (OSError, OverflowError):
        raise SettingsRefused(TAKEN.format(settings.metrics_port)) from None
    metrics.set_meter_provider(MeterProvider([PrometheusMetricReader()]))


async def measure(runtime: Runtime, queues: Queues) -> None:
    """Look what waits in the outbox, for the next time that somebody reads the numbers."""
    statement = runtime.statements.made("desk: queues", desk_statements.queues)
    queues.see(await runtime.store.read(statement.sql, ()), runtime.clock())


def queues_of(channels: Iterable[str]) -> Queues | None:
    """Give the instruments for what waits on these channels; None where OpenTelemetry is not installed."""
    try:
        from opentelemetry import metrics  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return Queues(metrics.get_meter("techlead"), channels)


class Queues:
    """How much waits, and how late the first of it is, by channel: of the whole database, whoever looks."""

    def __init__(self, meter: Any, channels: Iterable[str] = ()) -> None:
        """Make the instruments; of these channels there is a number even before anything has waited."""
        self._waiting = meter.create_gauge("techlead.delivery.waiting", "1", "Messages that wait, by channel")
        self._late = meter.create_gauge("techlead.delivery.late", "s", "How long the first due message has waited")
        self._seen = set(channels)

    def see(self, lanes: Sequence[tuple[Any, ...]], now: int) -> None:
        """Take what waits in each lane: its name, how many messages, and when the first is due (microseconds)."""
        waiting: Counter[str] = Counter(dict.fromkeys(self._seen, 0))
        late: dict[str, int] = dict.fromkeys(self._seen, 0)
        for name, count, due_at in lanes:
            channel = name.partition(":")[0]
            waiting[channel] += count
            late[channel] = max(late.get(channel, 0), now - due_at)
        self._seen |= set(waiting)
        for channel, count in waiting.items():
            self._waiting.set(count, {"channel": channel})
            self._late.set(late[channel] / SECOND_US, {"channel": channel})


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
        self._seconds = meter.create_histogram(
            "techlead.delivery.duration", "s", "How long a try took", explicit_bucket_boundaries_advisory=TRY_SECONDS
        )
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
