"""What a stack on this machine needs, and whether it is there; of a running stack, what its processes lack."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from oslira_devstack.datadir import DataDirectory
from oslira_devstack.ports import holder_of, is_free
from oslira_devstack.servers.binaries import wheel_binary

_OLDEST_PYTHON: Final = (3, 11)
_LEAST_FREE_BYTES: Final = 2 * 1024**3
_READY_S: Final = 3.0
_BINARIES: Final = ("nats-server", "dbmate")


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` is what to do about it; None: it is well."""

    what: str
    detail: str
    advice: str | None = None


def examine(data: DataDirectory, *, gateway_port: int, billing_port: int) -> Iterator[Finding]:
    """One finding for each thing that is looked at."""
    yield _python()
    yield from map(_binary, _BINARIES)
    yield _folder(data.path)
    yield _disk(data.path)
    state = data.read_state()
    if state is None:
        yield Finding("stack", "none runs here: make up starts one")
        yield _port(gateway_port, "gateway", "OSLIRA_PORT")
        yield _port(billing_port, "billing", "OSLIRA_BILLING_PORT")
    else:
        yield Finding("stack", f"runs at {state['gateway_url']}")
        for name, process in state["processes"].items():
            yield _process(name, process)


def _python() -> Finding:
    version = platform.python_version()
    is_old = sys.version_info < _OLDEST_PYTHON
    return Finding("python", version, "install Python 3.11 or newer, then: make venv" if is_old else None)


def _binary(name: str) -> Finding:
    try:
        return Finding(name, wheel_binary(name))
    except FileNotFoundError as error:
        return Finding(name, "missing", str(error))


def _folder(path: Path) -> Finding:
    nearest = next(one for one in (path, *path.parents) if one.exists())
    if not nearest.is_dir():
        return Finding("data", f"{nearest} is no folder", "remove it, or set OSLIRA_DATA_DIR")
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Finding("data", f"{nearest} can't be written", "change its owner, or set OSLIRA_DATA_DIR")
    return Finding("data", str(path))


def _disk(path: Path) -> Finding:
    nearest = next(one for one in (path, *path.parents) if one.is_dir())
    free = shutil.disk_usage(nearest).free
    detail = f"{free / 1024**3:.1f} GiB free"
    return Finding(
        "disk", detail, None if free >= _LEAST_FREE_BYTES else "free 2 GiB, or set OSLIRA_DATA_DIR"
    )


def _port(port: int, service: str, variable: str) -> Finding:
    if is_free(port):
        return Finding(f"port {port}", f"free, for {service}")
    return Finding(f"port {port}", f"taken by {holder_of(port)}", f"stop it, or set {variable}")


def _process(name: str, process: dict[str, Any]) -> Finding:
    advice = f"see: oslira logs {name}"
    try:
        answer = httpx.get(process["url"], timeout=_READY_S, trust_env=False)
    except httpx.HTTPError as error:
        return Finding(name, f"does not answer: {type(error).__name__}", advice)
    if "json" not in answer.headers.get("content-type", ""):
        return Finding(
            name,
            "ok" if answer.is_success else f"answers {answer.status_code}",
            None if answer.is_success else advice,
        )
    checks = answer.json().get("checks", {})
    wanting = "; ".join(f"{check}: {status}" for check, status in checks.items() if status != "ok")
    return Finding(name, wanting or "ok", None if answer.is_success and not wanting else advice)
