"""The processes of `rcu serve`: where the system spreads connections, each listens for itself."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from rcu.errors import ConfigurationError

APP: Final = "rcu.api.app:from_environment"


def serve(host: str, port: int, *, workers: int) -> None:
    """Serve until told to stop; of several processes one that ends is replaced.

    On Linux each process has a listening socket of its own at the port (SO_REUSEPORT), and the kernel gives every new
    connection to one of them by its addresses: evenly when there are many, by chance when there are few. From one
    socket that is shared, whichever process is awake takes all that wait.

    Raises:
        ConfigurationError: somebody else listens there.
    """
    if workers == 1 or not spreads():
        uvicorn.run(APP, factory=True, host=host, port=port, workers=workers, log_level="warning")
        return
    with Address(host, port) as address:
        config = uvicorn.Config(APP, factory=True, host=host, port=port, workers=workers, log_level="warning")
        Multiprocess(config, sockets=[address]).run()


def spreads() -> bool:
    """Whether the kernel spreads connections over sockets at one port; elsewhere the last to come may get them all."""
    return sys.platform == "linux"


class Address(socket.socket):
    """An address that nobody else listens at: kept here without listening, and in another process listened at.

    Sent to a process that is started, it becomes a socket of that process's own. So uvicorn's supervisor, which sends
    the same sockets to every process and to each that replaces one, needs to know nothing of it.
    """

    def __init__(self, host: str, port: int) -> None:
        """Take the address; port 0 is any that is free.

        Raises:
            ConfigurationError: it is taken, or not one of this machine.
        """
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._starting = socket.socket(socket.AF_UNIX)
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have ended may linger there
            self.bind((host, port))  # without SO_REUSEPORT: refused beside anybody who listens there, also like this
            # One that is starting does not listen yet; a name in Linux's own space goes with its process.
            self._starting.bind(f"\0rcu serve {self.getsockname()}")
        except OSError as error:
            self.close()
            what = f"cannot listen at {host}, port {port}: {error.strerror or error}"
            raise ConfigurationError(what, hint="--host and --port, or RCU_HOST and RCU_PORT, name another") from None

    def close(self) -> None:
        """Give the address back."""
        self._starting.close()
        super().close()

    def __reduce__(self) -> tuple[Callable[..., socket.socket], tuple[int, Any]]:
        return listener, (int(self.family), self.getsockname())


def listener(family: int, address: Any) -> socket.socket:  # noqa: ANN401  # its form is the family's
    """A socket to listen with at an address, beside others like it."""
    own = socket.socket(family, socket.SOCK_STREAM)
    try:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        own.bind(address)
    except OSError:
        sys.exit(STARTUP_FAILURE)  # which the supervisor does not answer with another try
    return own
