"""Serving the simulators: as this process, or beside a test on a thread of its own."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from oslira_simulators.app import create_app
from oslira_simulators.config import SimulatorConfig

_START_LIMIT_S = 10.0


def server_for(config: SimulatorConfig, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            create_app(config),
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            lifespan="off",
            # shorter, and an SDK's pooled connection could close just as a request goes out on it
            timeout_keep_alive=300,
            timeout_graceful_shutdown=1,  # open polls and slow calls would hold it
        )
    )


@contextmanager
def serving(config: SimulatorConfig | None = None) -> Generator[str]:
    """The root URL of simulators on a free port, on a thread, until the block ends."""
    server = server_for(config or SimulatorConfig())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), name="simulators", daemon=True)
        thread.start()
        try:
            _await_start(server, thread)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline_s = time.monotonic() + _START_LIMIT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline_s:
            raise RuntimeError("the simulators did not start")
        time.sleep(0.01)
