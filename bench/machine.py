"""The machine: which processor serves, which one loads, and what the report may say about it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

NO_CPU = -1
_allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVER_CPU, LOAD_CPU = [*_allowed, NO_CPU, NO_CPU][:2]


def missing() -> str | None:
    """Answer why the benchmark cannot run here, with the mend, or None."""
    if platform.system() != "Linux":
        return "the benchmark reads /proc and pins processors: it runs on Linux only"
    if LOAD_CPU == NO_CPU:
        return "the benchmark needs two processors: one serves, one loads"
    if shutil.which("wrk") is None:
        return "the load generator `wrk` is missing: `apt-get install wrk` (or `dnf install wrk`)"
    if shutil.which("taskset") is None:
        return "`taskset` is missing: `apt-get install util-linux`"
    return None


def pinned(command: list[str], cpu: int) -> list[str]:
    """Answer the command bound to one processor (`taskset` replaces itself, so the process id stays)."""
    return ["taskset", "-c", str(cpu), *command]


def machine_class() -> dict[str, str | int]:
    """Answer the class of the machine: model of the processor, number of cores; nothing that names this one."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.machine(), "cores": os.cpu_count() or 1}


def busy_seconds() -> float:
    """Answer the CPU seconds that all processes together have used since the machine started."""
    user, nice, system, _idle, _wait, irq, softirq = (
        int(ticks) for ticks in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
