"""Projection in processes of its own, one a core: it is plain Python, of which a process does one thing at a time.

They are started by name, not by `multiprocessing`, which would run the caller's main module again in each.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import IO, Final, Self

from rcu.services.pieces import Piece, projected
from rcu.services.projection import Projected

_AHEAD: Final = 2
"""Pieces a process that are read before the first is needed: none has to wait for the next."""
_START: Final = "import sys; sys.path[:] = {path!r}; from rcu.services.side_by_side import serve; serve()"


class _Worker:
    """A process that projects one piece after the other, until its input ends."""

    def __init__(self) -> None:
        start = [sys.executable, "-c", _START.format(path=sys.path)]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        # A session of its own: an interrupt is for the parent, whose end closes the pipe.
        self._process = subprocess.Popen(  # noqa: S603
            start, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True
        )

    def project(self, piece: Piece) -> list[Projected]:
        """What `projected` gives; should the process be gone or fail, it is done here, or fails here."""
        to, answer = self._process.stdin, self._process.stdout
        assert to is not None and answer is not None  # noqa: S101, PT018  # both are pipes
        try:
            pickle.dump(piece, to, protocol=pickle.HIGHEST_PROTOCOL)
            to.flush()
            return pickle.load(answer)  # noqa: S301  # a pipe to a process of our own
        except (EOFError, OSError, pickle.UnpicklingError):
            return projected(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def projected_beside(pieces: Iterable[Piece], processes: int) -> Iterator[Projected]:
    """Work out the customers of pieces, in their order; a few pieces are read ahead."""
    with ExitStack() as stack:
        idle: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(processes):
            idle.put(stack.enter_context(_Worker()))
        pool = stack.enter_context(ThreadPoolExecutor(processes, thread_name_prefix="projection"))
        waiting: deque[Future[list[Projected]]] = deque()
        for piece in pieces:
            waiting.append(pool.submit(_ask, idle, piece))
            if len(waiting) > processes * _AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _ask(idle: SimpleQueue[_Worker], piece: Piece) -> list[Projected]:
    worker = idle.get()
    try:
        return worker.project(piece)
    finally:
        idle.put(worker)


def serve(given: IO[bytes] = sys.stdin.buffer, answers: IO[bytes] = sys.stdout.buffer) -> None:
    """Project the pieces that are given until there are no more."""
    while True:
        try:
            piece = pickle.load(given)  # noqa: S301  # from the process that started this one
        except EOFError:
            return
        pickle.dump(projected(piece), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()
