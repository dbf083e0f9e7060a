"""The most memory a process holds while something runs."""

from __future__ import annotations

import gc
import threading
from types import TracebackType
from typing import Self

import psutil


class Watch:
    """Looks at the process's resident memory ten times a second."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._began = self._most = 0

    @property
    def over(self) -> int:
        """The most memory held beyond what was held at the start."""
        return self._most - self._began

    def __enter__(self) -> Self:
        gc.collect()
        self._began = self._most = self._process.memory_info().rss
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            self._most = max(self._most, self._process.memory_info().rss)
