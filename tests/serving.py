"""The application behind a real server, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

HOST = "127.0.0.1"


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application and give its address."""
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    (socket,) = server.servers[0].sockets
    try:
        yield f"http://{HOST}:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
