"""A busy port is named with its holder."""

import os
import socket

import pytest
from oslira_devstack.ports import BusyPort, free_or_other, free_port, is_free, require_free


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(is_free(port) for port in ports)


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
