"""Numbers of delivery: counted by channel, never by destination or person, and passed on."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dispatching import Told
from engines import HOOK, opened, waiting_of
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from techlead.deliver.breaker import Phase
from techlead.deliver.outbox import Change, Claimed, Ended, Released
from techlead.deliver.port import Delivered, Fault, Retry
from techlead.errors import SettingsRefused, StoreBusy
from techlead.primitives.clock import system_clock
from techlead.serve.delivery import LogReports
from techlead.serve.events import EventLog
from techlead.serve.metrics import NEEDED, Metered, Queues, expose, measure, metered
from techlead.serve.settings import Settings


def counted(reader: InMemoryMetricReader) -> dict[str, list[tuple[dict[str, Any], float]]]:
    data = reader.get_metrics_data()
    assert data is not None
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    return {
        one.name: [(dict(point.attributes or {}), getattr(point, "value", 1)) for point in one.data.data_points]
        for one in metrics
    }


def test_what_is_reported_is_counted_by_channel_and_passed_on() -> None:
    told, reader = Told(), InMemoryMetricReader()
    reports = Metered(told, MeterProvider([reader]).get_meter("techlead"))
    claimed = Claimed(waiting_of(system_clock(), HOOK), "webhook:hooks.example", 1, False, b"")
    reports.tried(claimed, Delivered(), 0.2)
    reports.tried(claimed, Retry(Fault.SERVER), 0.1)
    reports.changed(Change("webhook:hooks.example", Phase.CLOSED, Phase.OPEN, 30.0))
    reports.ended(Ended(claimed.waiting.id, "webhook:hooks.example", "dead", "server"))
    reports.waits(StoreBusy())
    reports.failed(LookupError(), "webhook")
    data = reader.get_metrics_data()
    assert data is not None
    [points] = [one for one in data.resource_metrics[0].scope_metrics[0].metrics if one.name.endswith("duration")]
    bounds = points.data.data_points[0].explicit_bounds  # type: ignore[union-attr]
    assert (bounds[0], bounds[-1]) == (0.005, 15), "in seconds, up to the longest try"
    found = counted(reader)
    assert found["techlead.delivery.tries"] == [
        ({"channel": "webhook", "outcome": "delivered", "fault": "", "probe": False}, 1),
        ({"channel": "webhook", "outcome": "retry", "fault": "server", "probe": False}, 1),
    ]
    assert found["techlead.destination.changes"] == [({"channel": "webhook", "phase": "open"}, 1)]
    assert found["techlead.delivery.undelivered"][0][1] == 1
    assert sum(value for _, value in found["techlead.delivery.faults"]) == 2
    assert "hooks.example" not in str(found)
    assert (len(told.tries), len(told.changes), len(told.ends), len(told.faults)) == (2, 1, 1, 2)


def test_what_waits_is_shown_by_channel_and_is_nothing_when_it_has_gone() -> None:
    reader = InMemoryMetricReader()
    queues = Queues(MeterProvider([reader]).get_meter("techlead"))
    queues.see(
        [("webhook:a.example", 30, 5_000_000), ("webhook:b.example", 12, 9_000_000), ("email", 1, 99_000_000)],
        10_000_000,
    )
    found = counted(reader)
    assert found["techlead.delivery.waiting"] == [({"channel": "webhook"}, 42), ({"channel": "email"}, 1)]
    assert found["techlead.delivery.late"] == [({"channel": "webhook"}, 5.0), ({"channel": "email"}, 0.0)]
    assert "example" not in str(found)
    queues.see([], 20_000_000)
    assert [value for _, value in counted(reader)["techlead.delivery.waiting"]] == [0, 0]


def test_of_a_channel_that_is_declared_there_is_a_number_before_anything_has_waited() -> None:
    reader = InMemoryMetricReader()
    Queues(MeterProvider([reader]).get_meter("techlead"), ["email"]).see([], 10_000_000)
    assert counted(reader)["techlead.delivery.waiting"] == [({"channel": "email"}, 0)]


def test_the_log_says_why_a_message_that_is_not_sent_yet_waits() -> None:
    events: list[dict[str, Any]] = []
    log = EventLog(system_clock, lambda lines: events.extend(map(json.loads, lines.splitlines())))
    claimed = Claimed(waiting_of(system_clock(), HOOK), "webhook:hooks.example", 1, False, b"")
    LogReports(log).tried(claimed, Released(3_600, "quiet hours"), 0.01)
    LogReports(log).tried(claimed, Delivered("200"), 0.01)
    log.flush()
    assert [(one["outcome"], one.get("reason")) for one in events] == [("released", "quiet hours"), ("delivered", None)]


async def test_the_length_of_the_queue_is_read_from_the_outbox(tmp_path: Path) -> None:
    reader = InMemoryMetricReader()
    async with opened("sqlite", tmp_path) as engine:
        await engine.put(3)
        runtime = SimpleNamespace(store=engine.store, statements=engine.statements, clock=system_clock)
        await measure(runtime, Queues(MeterProvider([reader]).get_meter("techlead")))  # type: ignore[arg-type]
    assert counted(reader)["techlead.delivery.waiting"] == [({"channel": "webhook"}, 3)]


def test_without_the_extra_nothing_is_counted_and_a_port_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry", None)
    told = Told()
    assert metered(told) is told
    with pytest.raises(SettingsRefused, match="metrics"):
        expose(Settings(metrics_port=9464))
    assert "TECHLEAD_METRICS_PORT" in NEEDED


def test_a_port_that_is_taken_or_is_none_is_refused_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for port in (taken.getsockname()[1], 99_999):
            with pytest.raises(SettingsRefused, match=f"TECHLEAD_METRICS_PORT is {port}"):
                expose(Settings(metrics_port=port))


def test_prometheus_reads_the_numbers_on_a_port_of_their_own() -> None:
    import subprocess
    import sys
    import urllib.request

    from backends import free_port

    port = free_port()
    code = (
        "import sys, time\n"
        "from techlead.serve.metrics import Metered, expose\n"
        "from techlead.serve.settings import Settings\n"
        f"expose(Settings(metrics_port={port}))\n"
        "from opentelemetry import metrics\n"
        "from techlead.errors import StoreBusy\n"
        "class Silent:\n    def waits(self, error): pass\n"
        "Metered(Silent(), metrics.get_meter('techlead')).waits(StoreBusy())\n"
        "print('ready', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            shown = answer.read().decode()
        process.kill()
    assert 'techlead_delivery_faults_total{fault="StoreBusy"' in shown
