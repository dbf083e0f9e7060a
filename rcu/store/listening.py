"""An event loop listens to a socket that something else reads and closes."""

from __future__ import annotations

import asyncio
import os


class Ear:
    """Waits, on the event loop it was made on, until a socket has something to say; close it from any thread.

    The loop goes on listening between two waits: to begin and to end that takes seven calls of the system. It listens
    to a copy of the descriptor that is its own: the socket's is closed by whoever loses the connection, and its number
    given to the next.
    """

    def __init__(self, socket: int) -> None:
        """`socket` is the descriptor."""
        self.loop = asyncio.get_running_loop()
        self._copy = os.dup(socket)
        self._listens = False
        self._told: asyncio.Future[None] | None = None
        self._closed = False

    async def said(self, *, unsent: bool) -> None:
        """Wait until there is something to be read, or, where not all was sent, until more can be.

        It may end without, for what was read meanwhile: who waits looks, and waits again.
        """
        self._told = self.loop.create_future()
        if not self._listens:
            self._listens = True
            self.loop.add_reader(self._copy, self._hear)
        if unsent:
            self.loop.add_writer(self._copy, self._hear)
        try:
            await self._told
        finally:
            self._told = None
            if unsent:
                self.loop.remove_writer(self._copy)

    def close(self) -> None:
        """Listen no more."""
        if self._closed:
            return
        self._closed = True
        try:
            self.loop.call_soon_threadsafe(self._let_go)
        except RuntimeError:  # the loop is closed
            os.close(self._copy)

    def _hear(self) -> None:
        if self._told is None:  # nobody asked: it may be the end of the connection, which does not go away
            self._listens = False
            self.loop.remove_reader(self._copy)
        elif not self._told.done():
            self._told.set_result(None)

    def _let_go(self) -> None:
        if self._listens:
            self.loop.remove_reader(self._copy)
        os.close(self._copy)
