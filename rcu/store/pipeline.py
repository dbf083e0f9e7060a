"""Questions to PostgreSQL that are under way on one connection all at once; the event loop hears the answers.

While the server works on one the next is on its way, and nothing waits in between: no thread, no task, and no turn of
the loop between what the server says and what is made of it.
https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final, TypeAlias, cast

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from rcu.store.asking import Ready, Rows, Value, written
from rcu.store.listening import Listener

Then: TypeAlias = Callable[[Rows | None], object]
"""Takes the rows; None where the server refused the question, or the connection was lost."""
_DROPPED: Final = frozenset({b"26000", b"0A000"})
"""A prepared statement is not there any more, or what it gives has changed."""


class Pipeline:
    """Asks one connection that nothing else asks, and that is in no transaction; on one event loop."""

    def __init__(self, driver: psycopg.Connection[Any], lost: Callable[[], object]) -> None:
        """`lost` is called once when the connection is: before those who wait are told."""
        self._server = driver.pgconn
        self._reader = Transformer(driver)
        self._names: dict[str, bytes] = {}
        self._numbers = count()
        self._sent: deque[tuple[str, Then]] = deque()
        self._come: list[pq.abc.PGresult] = []
        self._lost = lost
        self._ended = False
        self._server.enter_pipeline_mode()
        self._listener = Listener(self._server.socket, self._hear)
        self._listener.listen()

    def ask(self, known: Ready, values: Mapping[str, Value], then: Then) -> None:
        """Send a question behind those under way; its rows are given to `then`, in the order of the questions.

        Raises:
            psycopg.DataError: a value cannot be stored; nothing is sent.
        """
        given = [written(value) for value in known.filled(values)]
        if self._ended:
            then(None)
            return
        self._sent.append((known.text, then))
        try:
            name = self._names.get(known.text)
            if name is None:
                name = self._names[known.text] = b"rcu_%d" % next(self._numbers)
                self._server.send_prepare(name, known.text.encode(), known.kinds or None)
            self._server.send_query_prepared(name, cast("Sequence[bytes]", given))  # None is taken, too
            self._server.pipeline_sync()  # what is refused is this question alone
            self._send()
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        """Listen no more; who waits is told that nothing comes."""
        if self._ended:
            return
        self._ended = True
        self._listener.close()
        self._lost()
        while self._sent:
            self._sent.popleft()[1](None)

    def _send(self) -> None:
        self._listener.room(wanted=bool(self._server.flush()))

    def _hear(self) -> None:
        """Take what has come, and tell who waits for it."""
        try:
            self._send()
            self._server.consume_input()
            while self._sent and not self._server.is_busy():
                answer = self._server.get_result()
                if answer is None:
                    continue
                if answer.status != pq.ExecStatus.PIPELINE_SYNC:
                    self._come.append(answer)
                    continue
                come, self._come = self._come, []
                asked, then = self._sent.popleft()
                then(self._read(asked, come))
        except psycopg.Error:
            self.close()

    def _read(self, asked: str, come: Sequence[pq.abc.PGresult]) -> Rows | None:
        """The rows of a question that was not refused; one that was may have to be prepared anew."""
        last = come[-1]
        if last.status == pq.ExecStatus.TUPLES_OK:
            self._reader.set_pgresult(last)
            return self._reader.load_rows(0, last.ntuples, tuple)
        not_prepared = last.status == pq.ExecStatus.PIPELINE_ABORTED
        if not_prepared or last.error_field(pq.DiagnosticField.SQLSTATE) in _DROPPED:
            self._names.pop(asked, None)
        return None
