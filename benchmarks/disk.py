"""What the disk takes to keep a transaction: every commit waits for that, whoever makes it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = 8_192
_FILE_BLOCKS: Final = 2_048


@dataclass(frozen=True, slots=True)
class Flushed:
    """Milliseconds that blocks took to be written and kept."""

    p50: float
    p99: float
    longest: float


def flushes(folder: Path, *, pace: float, seconds: float) -> Flushed:
    """Write a block of 8 KB and wait until the disk has it, so many times a second, in a file of that folder."""
    path = folder / "flushes"
    taken: list[float] = []
    with path.open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, _FILE_BLOCKS * _BLOCK)
        os.fsync(file.fileno())
        began = time.perf_counter()
        for place in range(int(pace * seconds)):
            if (early := began + place / pace - time.perf_counter()) > 0:
                time.sleep(early)
            started = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(_BLOCK), place % _FILE_BLOCKS * _BLOCK)
            os.fdatasync(file.fileno())
            taken.append(1e3 * (time.perf_counter() - started))
    path.unlink()
    taken.sort()
    return Flushed(taken[len(taken) // 2], taken[min(len(taken) - 1, int(0.99 * len(taken)))], taken[-1])
