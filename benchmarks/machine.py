"""What the figures were measured on, and how a step is measured."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Step:
    """One measured process: wall seconds, the most memory it held (bytes, resident), what it said.

    `cpu` are the seconds of a core that it and the processes it started took.
    """

    name: str
    seconds: float
    peak: int
    output: str
    cpu: float


def describe() -> str:
    """The machine, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pandas", "pyarrow", "rapidfuzz", "sqlalchemy"))
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def measure(name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Step:
    """Run a process to its end and measure it; fails when it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{name} failed with {process.returncode}:\n{output}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Step(name, seconds, usage.ru_maxrss * scale, output, usage.ru_utime + usage.ru_stime)


def python(code: str, *arguments: str) -> list[str]:
    """The command that runs a piece of Python in a process of its own."""
    return [sys.executable, "-c", code, *arguments]


def rcu(*arguments: str) -> list[str]:
    """The command that runs `rcu`."""
    return python("from rcu.cli.main import run; run()", *arguments)


def load() -> float:
    """Processes that ran or waited to run, on average over the last minute."""
    return psutil.getloadavg()[0]
