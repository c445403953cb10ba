"""Passwords and logins are rotated under load, as docs/architecture/operations.md says: no request is answered 500."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import httpx
import pytest
import pytest_asyncio
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.processes import Supervised
from oslira_devstack.servers.nats import EmbeddedNats
from oslira_devstack.stack import Stack, StackConfig
from oslira_shared.bus.nkeys import new_seed, public_key
from people import Person, differences, person

_PER_S: Final = 50
_ROTATED: Final = ("gateway", "credits", "analysis")
# Without anything in a URL's way.
_NEXT: Final = {service: f"the-next-password-of-{service}" for service in _ROTATED}


@dataclass(slots=True)
class Load:
    """Requests at a steady rate, of which one in ten is an analysis; as from a proxy before all gateways."""

    person: Person
    urls: list[str]
    statuses: Counter[int] = field(default_factory=Counter[int])
    unexplained: list[str] = field(default_factory=list[str])
    run_ids: list[str] = field(default_factory=list[str])
    _mark: int = 0

    async def run(self, seconds: float) -> None:
        """Returns when all are answered."""
        loop = asyncio.get_running_loop()
        started, sent = loop.time(), set[asyncio.Task[None]]()
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            for number in range(round(seconds * _PER_S)):
                await asyncio.sleep(max(0.0, started + number / _PER_S - loop.time()))
                sent.add(asyncio.create_task(self._send(http, number)))
            await asyncio.gather(*sent)

    async def _send(self, http: httpx.AsyncClient, number: int) -> None:
        for attempt in range(len(self.urls) * 2):
            url = self.urls[(number + attempt) % len(self.urls)]
            try:
                answer = await self._request(http, url, number)
            except httpx.ConnectError:
                continue
            self._note(answer)
            return
        self.unexplained.append("no gateway took a connection")

    async def _request(self, http: httpx.AsyncClient, url: str, number: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.person.who.token}"}
        if number % 10:
            path = ("/v1/credits/balance", "/v1/runs", "/v1/leads")[number % 3]
            return await http.get(f"{url}{path}", headers=headers)
        body = {
            "username": f"rotated.{self._mark}.{number}",
            "type": "light",
            "business_profile_id": str(self.person.who.business_profile_id),
        }
        return await http.post(f"{url}/v1/analyses", headers=headers, json=body)

    def _note(self, answer: httpx.Response) -> None:
        self.statuses[answer.status_code] += 1
        if answer.status_code == 503 and "Retry-After" not in answer.headers:
            self.unexplained.append(f"503 without Retry-After: {answer.text[:200]}")
        if answer.status_code == 500:
            self.unexplained.append(f"500: {answer.request.url.path} {answer.text[:200]}")
        if answer.status_code == 202:
            self.run_ids.append(answer.json()["run_id"])

    def start_anew(self) -> None:
        """For the next part: counts from 0."""
        self._mark += 1
        self.statuses.clear()


def _public_url(process: Supervised) -> str:
    """Empty for a process without a public side."""
    return next((url.removesuffix("/health/ready") for url in process.ready_urls[1:]), "")


@asynccontextmanager
async def _loaded(stack: Stack) -> AsyncGenerator[Load]:
    gateways = [p for name, p in stack.supervisor.processes.items() if name.startswith("gateway")]
    urls = [url for process in gateways if (url := _public_url(process))]
    async with person(stack, available_credits=5_000) as user:
        yield Load(user, urls)


@pytest_asyncio.fixture(scope="module")
async def rotating(scratch_dir: Path) -> AsyncGenerator[Stack]:
    """Two gateways; services that are to be rotated know their next password."""
    known = {service: {"DATABASE_NEXT_PASSWORD": password} for service, password in _NEXT.items()}
    config = StackConfig(
        data_dir=scratch_dir / "rotating",
        speed=40.0,
        durable=False,
        replicas={"gateway": 2},
        extra_environment={**known, "webhooks": known["gateway"]},
    )
    async with Stack(config) as running:
        yield running


async def _set_passwords(stack: Stack, passwords: dict[str, str]) -> None:
    """As provisioning does, and every open connection is ended: what would take minutes is at once."""
    superuser = await asyncpg.connect(stack.servers.postgres.url(SUPERUSER))
    try:
        for service, password in passwords.items():
            await superuser.execute(f"alter role {service}_service password '{password}'")
        await superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = any($1)",
            [f"{service}_service" for service in passwords],
        )
    finally:
        await superuser.close()


async def _passwords(stack: Stack, seconds: float) -> None:
    before = {service: stack.credentials.postgres[f"{service}_service"] for service in _ROTATED}
    async with _loaded(stack) as load:
        # To one that no process knows: nothing can be done, and it is said.
        running = asyncio.create_task(load.run(seconds))
        await asyncio.sleep(seconds / 4)
        await _set_passwords(stack, {service: f"unknown-{word}" for service, word in _NEXT.items()})
        await asyncio.sleep(seconds / 4)
        assert load.statuses[503] > 0
        await _set_passwords(stack, before)
        await running
        assert load.unexplained == []
        # To the one that they were given: only what was under way when its connection was ended may fail.
        load.start_anew()
        running = asyncio.create_task(load.run(seconds))
        await asyncio.sleep(seconds / 3)
        await _set_passwords(stack, _NEXT)
        await running
        print(f"rotated to the next password: {dict(load.statuses)}")  # noqa: T201
        assert load.unexplained == []
        assert load.statuses.total() == round(seconds * _PER_S)
        assert load.statuses[503] <= _PER_S
        ended = [await load.person.settled(run_id, timeout_s=120) for run_id in load.run_ids]
        assert {run["status"] for run in ended} <= {"completed"}
        await _set_passwords(stack, before)
        assert await differences(stack) == []


async def test_no_request_is_answered_500_while_a_password_is_rotated(rotating: Stack) -> None:
    await _passwords(rotating, seconds=4)


@pytest.mark.campaign
async def test_no_request_is_answered_500_while_a_password_is_rotated_for_long(rotating: Stack) -> None:
    await _passwords(rotating, seconds=40)


def _replace_keys(stack: Stack, before: list[str], after: list[str]) -> None:
    """The server accepts these seeds as the gateway's, as after `helm upgrade`; connections of others it ends."""
    server = stack.servers.nats
    assert isinstance(server, EmbeddedNats)
    path = Path(server.child.command[-1])
    config = json.loads(path.read_text())
    keys = {public_key(seed) for seed in before}
    users = config["accounts"]["OSLIRA"]["users"]
    others, [one, *_] = (
        [user for user in users if user.get("nkey") not in keys],
        [user for user in users if user.get("nkey") in keys],
    )
    config["accounts"]["OSLIRA"]["users"] = [*others, *({**one, "nkey": public_key(seed)} for seed in after)]
    path.write_text(json.dumps(config))
    assert server.pid is not None
    os.kill(server.pid, signal.SIGHUP)


async def test_no_request_is_answered_500_while_a_login_of_the_bus_is_rotated(rotating: Stack) -> None:
    old, new = rotating.credentials.nkeys["gateway"], new_seed()
    async with _loaded(rotating) as load:
        running = asyncio.create_task(load.run(12))
        _replace_keys(rotating, [old], [old, new])
        for name in ("gateway-1", "gateway-2", "webhooks"):
            process = rotating.supervisor.processes[name]
            process.child.env = {**process.child.env, "NATS_NKEY_SEED": new}
            url = _public_url(process)
            # As a proxy does with one that is stopping.
            load.urls = [one for one in load.urls if one != url]
            await rotating.supervisor.stop_one(name)
            rotating.supervisor.start_one(name)
            await rotating.supervisor.wait_ready(name)
            load.urls += [url] if url else []
        _replace_keys(rotating, [old, new], [new])
        await running
        print(f"rotated the login of the bus: {dict(load.statuses)}")  # noqa: T201
        assert load.unexplained == []
        assert load.statuses[503] == 0
        load.start_anew()
        await load.run(1)
        assert load.statuses[503] == load.statuses[500] == 0
