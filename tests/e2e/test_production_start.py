"""Production's settings on servers with TLS: provisioning and every service start, and what no waiting mends ends them with 78."""

import asyncio
import os
import re
import resource
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest
import pytest_asyncio
from oslira_credits.settings import CreditsSettings
from oslira_devstack.credentials import MIGRATOR, SERVICE_ROLES, SUPERUSER, Credentials
from oslira_devstack.ports import free_port
from oslira_devstack.servers import certificates
from oslira_devstack.servers.certificates import Certificates
from oslira_devstack.servers.choose import ServerFactory
from oslira_shared.bus.nkeys import new_seed
from oslira_shared.bus.permissions import USERS
from oslira_shared.runtime import Runtime, live
from oslira_shared.settings import ServiceSettings
from repository import ROOT
from wrong_settings import PRODUCTION, wrong_settings

_PROGRAMS: Final[Mapping[str, str]] = {
    "gateway": "gateway",
    "gateway.webhooks": "gateway",
    "credits": "credits",
    "analysis": "analysis",
    "billing": "billing",
    "scheduler": "scheduler",
}
_START_S: Final = 60.0


@dataclass(frozen=True)
class Deployment:
    """NATS and Postgres with TLS, provisioned, and the credentials for them: none has the development mark."""

    credentials: Credentials
    tls: Certificates
    postgres_port: int
    nats_port: int
    plain_port: int

    def database(self, role: str, *, port: int | None = None) -> str:
        """The address in the form that the examples for operators have."""
        example = (ROOT / "deploy/k8s/examples/external-secrets.yaml").read_text()
        [form] = re.findall(r"DATABASE_URL=(postgres://\S+)", example)
        return (
            form.replace("<service>_service", role)
            .replace("…", self.credentials.postgres[role])
            .replace("host:5432", f"127.0.0.1:{port or self.postgres_port}")
        )

    def of(self, service: str, **changes: str) -> dict[str, str]:
        """The environment of a service in production."""
        return {
            **PRODUCTION,
            "NATS_URL": f"tls://127.0.0.1:{self.nats_port}",
            "NATS_NKEY_SEED": self.credentials.nkeys[service],
            "NATS_CA_FILE": str(self.tls.ca_file),
            "DATABASE_URL": self.database(f"{service}_service"),
            "DATABASE_CA_FILE": str(self.tls.ca_file),
            "OSLIRA_INTERNAL_HOST": "127.0.0.1",
            "OSLIRA_HTTP_HOST": "127.0.0.1",
            "OSLIRA_HTTP_PORT": str(free_port()),
            "OSLIRA_INTERNAL_PORT": str(free_port()),
            **changes,
        }


def _unmarked() -> Credentials:
    return Credentials(
        postgres={role: secrets.token_hex(16) for role in (SUPERUSER, MIGRATOR, *SERVICE_ROLES)},
        nkeys={user: new_seed() for user in USERS},
    )


@pytest_asyncio.fixture(scope="module")
async def deployment(scratch_dir: Path) -> AsyncGenerator[Deployment]:
    credentials, directory = _unmarked(), scratch_dir / "with-tls"
    tls = certificates.load_or_make(directory / "certificates")
    encrypted = ServerFactory(directory, directory, credentials, durable=False, tls=tls)
    plain = ServerFactory(directory / "plain", directory / "plain", credentials, durable=False)
    postgres, nats, without = encrypted.postgres(), encrypted.nats(), plain.postgres()
    try:
        await asyncio.gather(postgres.start(), nats.start(), without.start())
        made = Deployment(credentials, tls, postgres.port, nats.port, without.port)
        code, said = await _ended(
            _command("oslira_shared.provision"),
            _provisioning(made, DATABASE_ADMIN_URL=made.database(MIGRATOR)),
        )
        assert (code, said) == (0, ["database provisioned", "bus provisioned"])
        yield made
    finally:
        await asyncio.gather(postgres.discard(), nats.discard(), without.discard())


def _provisioning(made: Deployment, **changes: str) -> dict[str, str]:
    passwords = {f"{role.upper()}_PASSWORD": made.credentials.postgres[role] for role in SERVICE_ROLES}
    environment = {**made.of("scheduler"), **passwords, "S3_BUCKET": "", **changes}
    return {name: value for name, value in environment.items() if value}


def _command(module: str) -> list[str]:
    return [sys.executable, "-m", module]


async def _ended(command: list[str], environment: Mapping[str, str]) -> tuple[int | None, list[str]]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), _START_S)
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    return process.returncode, out.decode().splitlines()


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        answer = await client.get(url)
    except httpx.HTTPError:
        return False
    return answer.is_success and answer.json()["checks"]["bus"] == "ok"


async def test_every_service_starts_with_the_documented_addresses(deployment: Deployment) -> None:
    processes: list[asyncio.subprocess.Process] = []
    urls: dict[str, str] = {}
    try:
        for program, service in _PROGRAMS.items():
            environment = deployment.of(service)
            urls[program] = f"http://127.0.0.1:{environment['OSLIRA_INTERNAL_PORT']}/health/ready"
            processes.append(
                await asyncio.create_subprocess_exec(
                    *_command(f"oslira_{program}"),
                    env={"PATH": os.environ["PATH"], **environment},
                    stdout=asyncio.subprocess.DEVNULL,
                )
            )
        started, waiting = time.monotonic(), set(urls)
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while waiting and time.monotonic() - started < _START_S:
                waiting -= {one for one in waiting if await _is_ready(client, urls[one])}
                await asyncio.sleep(0.2)
        assert waiting == set()
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*(process.wait() for process in processes))


def _what_no_waiting_mends(made: Deployment, elsewhere: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """By a name: what the one line begins with, and the settings."""
    address = made.database("credits_service")
    return {
        "authority of another server": (
            "DATABASE_URL: the server's cert",
            {"DATABASE_CA_FILE": str(elsewhere)},
        ),
        "server without TLS": (
            "DATABASE_URL: the server offers no TLS",
            {"DATABASE_URL": made.database("credits_service", port=made.plain_port)},
        ),
        "unknown database": (
            'DATABASE_URL: database "nowhere"',
            {"DATABASE_URL": address.replace("/oslira?", "/nowhere?")},
        ),
        "unknown setting of the server": (
            'DATABASE_URL: unrecognized configuration parameter "nosuch"',
            {"DATABASE_URL": f"{address}&options=-c%20nosuch%3D1"},
        ),
        "wrong password": (
            "DATABASE_URL: password authentication failed",
            {"DATABASE_URL": address.replace(made.credentials.postgres["credits_service"], "hunter2")},
        ),
        "authority of another bus": ("NATS_URL: the server's cert", {"NATS_CA_FILE": str(elsewhere)}),
    }


async def _nothing(_runtime: Runtime, _settings: ServiceSettings) -> None:
    """A service without work: it connects all the same."""


async def test_what_a_server_rejects_for_good_ends_the_start(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = certificates.load_or_make(tmp_path).ca_file
    for name, (begins, changes) in _what_no_waiting_mends(deployment, elsewhere).items():
        settings = CreditsSettings.model_validate(deployment.of("credits", **changes))
        started = time.monotonic()
        try:
            async with asyncio.timeout(_START_S):
                code = await live(settings, _nothing)
        except SystemExit as ended:
            code = ended.code
        took_s = time.monotonic() - started
        [line] = capsys.readouterr().err.splitlines()
        assert code == 78, name
        assert line.startswith(f"credits cannot start: {begins}"), name
        assert "hunter2" not in line
        assert took_s < 3, name


async def test_provisioning_says_in_one_line_what_is_wrong(deployment: Deployment, tmp_path: Path) -> None:
    elsewhere = str(certificates.load_or_make(tmp_path).ca_file)
    address = deployment.database(MIGRATOR)
    cases = {
        "DATABASE_ADMIN_URL: the server's cert": (78, {"DATABASE_CA_FILE": elsewhere}),
        "DATABASE_ADMIN_URL: password auth": (
            78,
            {"DATABASE_ADMIN_URL": address.replace(deployment.credentials.postgres[MIGRATOR], "hunter2")},
        ),
        "NATS_URL: the server's cert": (78, {"DATABASE_ADMIN_URL": "", "NATS_CA_FILE": elsewhere}),
        "NATS_NKEY_SEED: ": (78, {"DATABASE_ADMIN_URL": "", "NATS_NKEY_SEED": new_seed()}),
        "NATS_URL: ": (75, {"DATABASE_ADMIN_URL": "", "NATS_URL": "tls://127.0.0.1:1"}),
    }
    ended = await asyncio.gather(
        *(
            _ended(
                _command("oslira_shared.provision"),
                _provisioning(deployment, **{"DATABASE_ADMIN_URL": address, **changes}),
            )
            for _, changes in cases.values()
        )
    )
    for (begins, (expected, _)), (code, lines) in zip(cases.items(), ended, strict=True):
        assert (code, len(lines)) == (expected, 1), lines
        assert lines[0].startswith(f"provision: {begins}")
        assert "hunter2" not in lines[0]


async def _refuse(program: str, environment: Mapping[str, str]) -> tuple[int | None, list[str], float]:
    modules = {"webhooks": "oslira_gateway.webhooks", "provision": "oslira_shared.provision"}
    command = _command(modules.get(program, f"oslira_{program}"))
    if program == "tick":
        command = [*_command("oslira_scheduler.tick"), "audit"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code, lines = await _ended(command, environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Its own time: other processes of the machine are not part of the promise, and it waits for nothing.
    return code, lines, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


async def _refusals(names: list[str] | None, directory: Path) -> None:
    cases = wrong_settings(directory)
    took: dict[str, float] = {}
    for name in names or list(cases):
        code, lines, took_s = await _refuse(cases[name].program, cases[name].environment())
        assert (code, len(lines)) == (78, 1), (name, lines)
        assert lines[0].partition("cannot start: ")[2].startswith(cases[name].named), name
        assert took_s <= 3, name
        took[name] = took_s
    print(f"{len(took)} wrong settings: 78 and one line each, at most {max(took.values()):.2f} s of CPU")  # noqa: T201


async def test_a_process_with_a_wrong_setting_ends_within_three_seconds(tmp_path: Path) -> None:
    await _refusals(
        ["database: no TLS", "bus: authorities absent", "log level unknown", "provision: scheme"], tmp_path
    )


@pytest.mark.campaign
async def test_every_process_with_a_wrong_setting_ends_within_three_seconds(tmp_path: Path) -> None:
    await _refusals(None, tmp_path)
