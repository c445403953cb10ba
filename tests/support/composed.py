"""docker-compose.yml for tests: a project of its own, on free ports, with volumes that are deleted at the end."""

import asyncio
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from oslira_devstack import compose, credentials
from oslira_devstack.access import Access

_ROOT: Final = Path(__file__).parents[2]
_PROJECT: Final = "oslira-test"
_HEALTHY_S: Final = 120.0
# Docker chooses free ports for these: variable -> whose port inside.
_PUBLISHED: Final = {
    "OSLIRA_PORT": ("proxy", 8080),
    "OSLIRA_BILLING_PORT": ("proxy", 8081),
    "TEST_POSTGRES_PORT": ("postgres", 5432),
    "TEST_SIMULATORS_PORT": ("simulators", 8089),
}


class DockerFailed(Exception):  # noqa: N818
    """A docker command ended with an error; the message is what it printed."""


@dataclass(slots=True)
class Composed:
    """`directory` holds this project's secrets. `variables` are docker-compose.yml's own."""

    directory: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])
    up_took_s: float = 0.0
    _ports: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        compose.write(self.directory)

    async def __aenter__(self) -> Self:
        try:
            await self.compose("build", "--quiet")
            started = time.monotonic()
            await self.up()
            self.up_took_s = time.monotonic() - started
            for variable, (service, port) in _PUBLISHED.items():
                address = await self.compose("port", service, str(port))
                self._ports[variable] = int(address.strip().rpartition(":")[2])
        except BaseException:
            await self.down()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    @property
    def access(self) -> Access:
        made = credentials.load_or_make(self.directory / ".oslira" / "compose" / "secrets.json")
        port = self._ports
        return Access(
            f"http://127.0.0.1:{port['OSLIRA_PORT']}",
            f"http://127.0.0.1:{port['OSLIRA_BILLING_PORT']}",
            f"127.0.0.1:{port['TEST_POSTGRES_PORT']}",
            made,
            "not published",
        )

    @property
    def gateway_port(self) -> int:
        return self._ports["OSLIRA_PORT"]

    @property
    def simulators_url(self) -> str:
        return f"http://127.0.0.1:{self._ports['TEST_SIMULATORS_PORT']}"

    async def up(self, *services: str, **scale: int) -> None:
        """Start these (all, if none is named) and wait until they are healthy."""
        scaled = [word for name, count in scale.items() for word in ("--scale", f"{name}={count}")]
        await self.compose("up", "--detach", "--wait", "--no-build", *scaled, *services)

    async def down(self) -> None:
        await self.compose("down", "--volumes", "--timeout", "5")

    async def containers(self, service: str) -> list[str]:
        """The ids of a service's containers, running or not."""
        return (await self.compose("ps", "--all", "--quiet", service)).split()

    async def restart(self, container: str) -> float:
        """Stop one container as an orchestrator does, start it, wait until it is healthy; seconds that the stop took."""
        started = time.monotonic()
        await docker("stop", "--time", "75", container)
        took_s = time.monotonic() - started
        await docker("start", container)
        async with asyncio.timeout(_HEALTHY_S):
            while (await inspect(container))["State"]["Health"]["Status"] != "healthy":
                await asyncio.sleep(0.3)
        return took_s

    async def oslira(self, *words: str) -> str:
        """What the `oslira` command prints inside. Raises DockerFailed when it ends with an error."""
        return await self.compose("run", "--rm", "--no-TTY", "oslira", *words)

    async def compose(self, *words: str) -> str:
        files = ("docker-compose.yml", "tests/containers/compose.yaml")
        given = [word for file in files for word in ("--file", str(_ROOT / file))]
        return await docker(
            "compose",
            *("--project-name", _PROJECT, "--project-directory", str(_ROOT)),
            *("--env-file", str(self.directory / ".env")),
            *given,
            *words,
            variables={
                "OSLIRA_COMPOSE_DIR": str(self.directory / ".oslira" / "compose"),
                **dict.fromkeys(_PUBLISHED, "0"),
                **self.variables,
            },
        )


async def inspect(container: str) -> dict[str, Any]:
    return json.loads(await docker("inspect", container))[0]


async def docker(*words: str, variables: dict[str, str] | None = None) -> str:
    return await run("docker", *words, variables={"DOCKER_BUILDKIT": "1", **(variables or {})})


async def run(*words: str, variables: dict[str, str] | None = None) -> str:
    """What the command printed."""
    process = await asyncio.create_subprocess_exec(
        *words,
        env={**os.environ, **(variables or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise DockerFailed(f"{' '.join(words)}: {errors.decode()[-2_000:]}{output.decode()[-2_000:]}")
    return output.decode()
