"""A busy port is named with its holder."""

import os
import random
import socket
import subprocess
import sys

import pytest
from oslira_devstack.ports import BusyPort, free_or_other, free_port, is_free, require_free


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(is_free(port) for port in ports)


def test_what_one_process_was_given_no_other_is_and_a_server_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = "from oslira_devstack.ports import free_port; print(free_port(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", ask], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())

        def only_that_one(*_: object, **__: object) -> list[int]:
            return [port]

        monkeypatch.setattr(random, "sample", only_that_one)
        with pytest.raises(RuntimeError, match="no free port"):
            free_port()
        with socket.create_server(("127.0.0.1", port)) as server:
            assert server.getsockname()[1] == port
        other.communicate("\n")
    assert free_port() == port


def test_busy_port_names_its_holder_and_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(BusyPort) as refused:
            require_free(port, wanted_by="gateway", hint="set OSLIRA_PORT")
        message = str(refused.value)
        assert f"port {port} (gateway) is taken by" in message
        assert f"pid {os.getpid()}" in message
        assert "set OSLIRA_PORT" in message
        assert "\n" not in message
        assert free_or_other(port) != port


def test_port_bound_to_all_addresses_is_busy() -> None:
    with socket.create_server(("", 0)) as holder:
        assert not is_free(holder.getsockname()[1])
