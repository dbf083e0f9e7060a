"""Projection in processes of its own, one a core: it is plain Python, of which a process does one thing at a time.

They are started by name, not by `multiprocessing`, which would run the caller's main module again in each. Each holds
the customers that it worked out until they are written: so what they are made of is not handed to and fro.
"""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import IO, Any, Final, Self

import pyarrow as pa

from rcu.domain.households import Household
from rcu.insight.scores import ScoreBasis
from rcu.services.customer_rows import Held, Told
from rcu.services.pieces import Piece

_AHEAD: Final = 2
"""Requests a process that are made before the first answer is needed: none has to wait for the next."""
_START: Final = "import sys; sys.path[:] = {path!r}; from rcu.services.side_by_side import serve; serve()"


class _Worker:
    """A process that does what is asked of a `Held`, one after the other, until its input ends."""

    def __init__(self) -> None:
        start = [sys.executable, "-c", _START.format(path=sys.path)]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        # A session of its own: an interrupt is for the parent, whose end closes the pipe.
        self._process = subprocess.Popen(  # noqa: S603
            start, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True
        )

    def ask(self, name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401  # what `Held` answers
        """The answer; None where the process is gone or fails."""
        to, answer = self._process.stdin, self._process.stdout
        assert to is not None and answer is not None  # noqa: S101, PT018  # both are pipes
        try:
            pickle.dump((name, arguments), to, protocol=pickle.HIGHEST_PROTOCOL)
            to.flush()
            return pickle.load(answer)  # noqa: S301  # a pipe to a process of our own
        except (EOFError, OSError, pickle.UnpicklingError):
            self._process.kill()
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


class Workers:
    """Some processes: the number of a piece says whose it is. Where one is gone, its answers are None."""

    def __init__(self, working: list[_Worker], threads: list[ThreadPoolExecutor]) -> None:
        self._working, self._threads = working, threads

    def project(self, asked: Iterable[tuple[int, Piece]]) -> Iterator[Told | None]:
        """`Held.project` for each, in their order; a few are taken ahead."""
        return self._ask("project", asked)

    def write(
        self, asked: Iterable[tuple[int, ScoreBasis, Mapping[int, Household]]]
    ) -> Iterator[tuple[pa.Table, pa.Table] | None]:
        """`Held.write` for each, in their order; a few are taken ahead."""
        return self._ask("write", asked)

    def _ask(self, name: str, asked: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        waiting: deque[Future[Any]] = deque()
        for arguments in asked:
            place = arguments[0] % len(self._working)
            waiting.append(self._threads[place].submit(self._working[place].ask, name, arguments))
            if len(waiting) > len(self._working) * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def workers(processes: int) -> Generator[Workers]:
    """Have so many processes for the time of the block."""
    with ExitStack() as stack:
        working = [stack.enter_context(_Worker()) for _ in range(processes)]
        threads = [ThreadPoolExecutor(1, thread_name_prefix="projection") for _ in working]
        for one in threads:
            stack.enter_context(one)
        yield Workers(working, threads)


def serve(given: IO[bytes] = sys.stdin.buffer, answers: IO[bytes] = sys.stdout.buffer) -> None:
    """Do what is asked until nothing more is."""
    held = Held()
    gc.disable()  # what is held has no cycles, and looking for some takes longer the more is held
    while True:
        try:
            name, arguments = pickle.load(given)  # noqa: S301  # from the process that started this one
        except EOFError:
            return
        pickle.dump(getattr(held, name)(*arguments), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()
