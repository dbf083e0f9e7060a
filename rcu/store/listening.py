"""An event loop listens to a socket that something else reads and closes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable


class Listener:
    """Calls, on the event loop it was made on, whenever a socket has something to say; close it from any thread.

    It listens to a copy of the descriptor that is its own: the socket's is closed by whoever loses the connection, and
    its number given to the next.
    """

    def __init__(self, socket: int, heard: Callable[[], object]) -> None:
        """`socket` is the descriptor."""
        self.loop = asyncio.get_running_loop()
        self._copy = os.dup(socket)
        self._heard = heard
        self._listens = self._waits_for_room = self._closed = False

    def listen(self) -> None:
        """From here on; to begin and to end takes seven calls of the system."""
        if not self._listens:
            self._listens = True
            self.loop.add_reader(self._copy, self._heard)

    def rest(self) -> None:
        """Listen no more, for now."""
        if self._listens:
            self._listens = False
            self.loop.remove_reader(self._copy)

    def room(self, *, wanted: bool) -> None:
        """Call, too, or no more, while the socket takes what is sent."""
        if wanted != self._waits_for_room:
            self._waits_for_room = wanted
            if wanted:
                self.loop.add_writer(self._copy, self._heard)
            else:
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

    def _let_go(self) -> None:
        self.room(wanted=False)
        self.rest()
        os.close(self._copy)


class Ear(Listener):
    """Waits until a socket has something to say; it goes on listening between two waits."""

    def __init__(self, socket: int) -> None:
        """`socket` is the descriptor."""
        super().__init__(socket, self._hear)
        self._told: asyncio.Future[None] | None = None

    async def said(self, *, unsent: bool) -> None:
        """Wait until there is something to be read, or, where not all was sent, until more can be.

        It may end without, for what was read meanwhile: who waits looks, and waits again.
        """
        self._told = self.loop.create_future()
        self.listen()
        self.room(wanted=unsent)
        try:
            await self._told
        finally:
            self._told = None
            self.room(wanted=False)

    def _hear(self) -> None:
        if self._told is None:  # nobody asked: it may be the end of the connection, which does not go away
            self.rest()
        elif not self._told.done():
            self._told.set_result(None)
