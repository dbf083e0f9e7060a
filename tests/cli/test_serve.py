"""`rcu serve` in several processes: each listens for itself, one that ends is replaced, and no port is shared."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import psutil
import pytest

from rcu.cli import serving
from rcu.cli.serving import Address
from rcu.errors import ConfigurationError
from tests.cli.conftest import Command
from tests.conftest import Databases

HOST = "127.0.0.1"
pytestmark = pytest.mark.skipif(not serving.spreads(), reason="only Linux spreads connections")


def sent_to_a_process(address: Address) -> socket.socket:
    """What a process gets that is started with an address."""
    return pickle.loads(ForkingPickler.dumps(address))


def test_each_process_has_a_socket_of_its_own_at_the_same_port() -> None:
    with Address(HOST, 0) as address, sent_to_a_process(address) as one, sent_to_a_process(address) as other:
        assert one.getsockname() == other.getsockname() == address.getsockname()
        assert len({one.fileno(), other.fileno(), address.fileno()}) == 3
        taken = [0, 0]
        for listening in (one, other):
            listening.listen(100)
            listening.setblocking(False)
        callers = [socket.create_connection(address.getsockname()) for _ in range(64)]
        for place, listening in enumerate((one, other)):
            for _ in callers:
                try:
                    listening.accept()[0].close()
                except BlockingIOError:
                    break
                taken[place] += 1
        for caller in callers:
            caller.close()
    assert sum(taken) == 64
    assert min(taken) > 0  # all of 64 by chance at one is as likely as 64 heads


def test_a_port_where_a_process_of_ours_listens_is_not_shared_even_when_its_parent_is_gone() -> None:
    with Address(HOST, 0) as address:
        port = address.getsockname()[1]
        orphan = sent_to_a_process(address)
        orphan.listen()
    with orphan, pytest.raises(ConfigurationError, match=f"port {port}"):
        Address(HOST, port)


def test_a_port_of_a_server_that_is_starting_is_not_shared() -> None:
    with Address(HOST, 0) as address, pytest.raises(ConfigurationError, match="already in use"):
        Address(HOST, address.getsockname()[1])


def test_a_port_is_free_again_when_its_server_has_ended() -> None:
    with Address(HOST, 0) as address:
        port = address.getsockname()[1]
    Address(HOST, port).close()


def test_a_port_of_somebody_else_is_refused_with_what_to_do(at: Callable[[str], Command], databases: Databases) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        answer = at(databases.url())("serve", "--host", HOST, "--port", other.getsockname()[1], "--workers", 2)
    assert answer.code == 6
    assert "already in use" in answer.err
    assert "RCU_PORT" in answer.err


def test_an_address_that_is_not_of_this_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        Address("192.0.2.1", 0)


@pytest.fixture
def served(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[int, psutil.Process]]:
    """`rcu serve --workers 2`: its port and its first process."""
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'served.db')}"
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-c", "from rcu.cli.main import run; run()", "serve", "--workers", "2"]
    env = {**os.environ, "RCU_DATABASE_URL": url, "RCU_HOST": HOST, "RCU_PORT": str(port)}
    process = subprocess.Popen(command, env=env)
    parent = psutil.Process(process.pid)
    try:
        yield port, parent
    finally:
        left = [parent, *parent.children(recursive=True)] if parent.is_running() else []
        for one in left:
            one.kill()
        process.wait()


def listening(port: int, parent: psutil.Process) -> set[int]:
    """The processes that listen at a port."""
    found: set[int] = set()
    for one in parent.children(recursive=True):
        try:
            at = [where for where in one.net_connections("tcp") if where.status == psutil.CONN_LISTEN]
        except psutil.Error:
            continue
        found |= {one.pid for where in at if where.laddr.port == port}
    return found


def two(port: int, parent: psutil.Process, *, without: int = 0) -> set[int]:
    """The two processes that listen, once both do."""
    end = time.monotonic() + 60
    while len(found := listening(port, parent)) < 2 or without in found:
        assert time.monotonic() < end
        assert parent.status() != psutil.STATUS_ZOMBIE
        time.sleep(0.1)
    return found


def ready(port: int) -> bool:
    with urllib.request.urlopen(f"http://{HOST}:{port}/health/ready", timeout=10) as answer:
        return answer.status == 200


def test_a_process_that_is_killed_is_replaced_and_all_end_together(served: tuple[int, psutil.Process]) -> None:
    port, parent = served
    before = two(port, parent)
    assert all(ready(port) for _ in range(10))
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    after = two(port, parent, without=killed)
    assert after >= before - {killed}
    assert all(ready(port) for _ in range(10))
    parent.terminate()
    gone, alive = psutil.wait_procs([parent, *map(psutil.Process, after)], timeout=30)
    assert (len(gone), alive) == (3, [])
