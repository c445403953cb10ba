"""On a real server: each identity works with its own credential, and is refused all that is another's."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.js import JetStreamContext
from oslira_devstack.credentials import Credentials
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.login import Login
from oslira_shared.bus.permissions import OBSERVER, OPERATOR, USERS, inbox_of, rights_of
from oslira_shared.bus.topology import CONSUMERS, OWNERS
from oslira_shared.contracts.credits import v1 as credits_
from oslira_shared.ids import new_id

_REFUSED = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"')
_EXAMPLE = Path(__file__).parents[5] / "examples" / "follow_events.py"


def _example_of(pattern: str) -> str:
    """A subject that a pattern allows."""
    return pattern.replace("*", "some").replace(">", "some")


def _covers(pattern: str, subject: str) -> bool:
    mine, theirs = pattern.split("."), subject.split(".")
    for number, part in enumerate(mine):
        if part == ">":
            return len(theirs) > number
        if (
            number >= len(theirs)
            or part not in ("*", theirs[number])
            or (part == "*" and theirs[number] == ">")
        ):
            return False
    return len(mine) == len(theirs)


async def _told(client: Client) -> None:
    """Until the server has said all that it has to say: the client's ping may overtake what it still holds."""
    for _ in range(2):
        await client.flush()


@asynccontextmanager
async def _as(user: str, server: Nats, credentials: Credentials) -> AsyncGenerator[tuple[Client, set[str]]]:
    """A connection by that user's nkey, and what the server refused it: `publish x`, `subscription x`."""
    refused: set[str] = set()

    async def note(error: Exception) -> None:
        if found := _REFUSED.search(str(error)):
            refused.add(f"{found[1]} {found[2]}")

    client = await nats.connect(
        server.address,
        nkeys_seed_str=credentials.nkeys[user],
        inbox_prefix=inbox_of(user),
        allow_reconnect=False,
        error_cb=note,
    )
    yield client, refused
    await client.close()


@pytest_asyncio.fixture
async def bus_server(own_nats: Nats, provisioned: JetStreamContext) -> Nats:
    return own_nats


async def test_each_may_do_what_is_its_own_and_nothing_else(
    bus_server: Nats, credentials: Credentials
) -> None:
    inboxes = {f"{inbox_of(user)}.some" for user in USERS}
    said = {_example_of(subject) for user in USERS for subject in rights_of(user).publish}
    said |= inboxes | {
        "dead.some.thing",
        "$KV.PROGRESS.some",
        "$JS.API.INFO",
        "$JS.API.STREAM.DELETE.EVENTS",
        "$JS.API.STREAM.PURGE.DEAD",
    }
    heard = {subject for user in USERS for subject in rights_of(user).subscribe}
    heard |= inboxes | {">", "$JS.>", "$KV.>", "_INBOX.>", "*.rpc.>", "*.cmd.>"}
    for user in USERS:
        rights = rights_of(user)
        expected = {
            f"{what} {subject}".lower()
            for what, subjects, granted in (
                ("publish", said, rights.publish),
                ("subscription", heard, rights.subscribe),
            )
            for subject in subjects
            if not any(_covers(own, subject) for own in granted)
        }
        async with _as(user, bus_server, credentials) as (client, refused):
            for subject in said:
                await client.publish(subject, b"{}")
            for subject in heard:
                await client.subscribe(subject)
            await _told(client)
            assert refused == expected, user


async def test_a_service_cannot_pull_from_anothers_consumer(
    bus_server: Nats, credentials: Credentials
) -> None:
    for user in (*OWNERS, OPERATOR):
        async with _as(user, bus_server, credentials) as (client, refused):
            for consumer in CONSUMERS.values():
                subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
                await client.publish(subject, b'{"batch": 1, "no_wait": true}', reply=client.new_inbox())
            await _told(client)
            assert len(refused) == sum(consumer.owner != user for consumer in CONSUMERS.values())


async def test_a_pull_that_names_anothers_subject_makes_it_do_nothing(
    bus_server: Nats, provisioned: JetStreamContext, credentials: Credentials
) -> None:
    """The server delivers there although the puller may not publish there: the responder must check."""
    handled: list[credits_.SettleRequest] = []
    bus = Bus(bus_server.address, service="credits", login=Login(credentials.nkeys["credits"]))

    @bus.responder(credits_.SETTLE)
    async def settle(request: credits_.SettleRequest) -> credits_.Settlement:
        handled.append(request)
        return credits_.Settlement(hold_id=request.hold_id, is_settled=True)

    await bus.start()
    body = credits_.SettleRequest(hold_id=new_id())
    for _ in range(4):
        await provisioned.publish("scheduler.tick.daily-cleanup", body.model_dump_json().encode())
    async with _as("gateway", bus_server, credentials) as (client, refused):
        async with asyncio.timeout(5):
            while not bus.is_connected or not bus._client:
                await asyncio.sleep(0.02)
        pull = "$JS.API.CONSUMER.MSG.NEXT.TICKS.gateway_ticks"
        for reply in (
            credits_.SETTLE,
            "analysis.cmd.run.v1",
            "$KV.PROGRESS.some.state",
            "credits.evt.settled.v1",
        ):
            await client.publish(pull, b'{"batch": 1, "expires": 100000000}', reply=reply)
        # A question with a reply that isn't an inbox: the answer would be written there with credits' rights.
        await client.publish(credits_.SETTLE, body.model_dump_json().encode(), reply="analysis.cmd.run.v1")
        async with asyncio.timeout(5):
            while (await provisioned.consumer_info("TICKS", "gateway_ticks")).num_ack_pending != 4:
                await asyncio.sleep(0.02)
        assert refused == set()
        genuine = credits_.SettleRequest(hold_id=new_id())
        headers = {"content-type": "application/json"}
        await client.request(credits_.SETTLE, genuine.model_dump_json().encode(), timeout=5, headers=headers)
    await bus.stop()
    assert handled == [genuine]
    # Streams keep it under the subject that it really has, which no consumer of theirs asks for.
    for stream in ("ANALYSIS", "EVENTS", "KV_PROGRESS"):
        assert (await provisioned.get_msg(stream, 1)).subject == "scheduler.tick.daily-cleanup"
    for consumer in CONSUMERS.values():
        if consumer.stream in ("ANALYSIS", "EVENTS"):
            assert (await provisioned.consumer_info(consumer.stream, consumer.name)).num_pending == 0


@pytest.mark.parametrize("holder", ["gateway", OBSERVER])
async def test_a_service_with_anothers_credential_exits_with_an_error(
    bus_server: Nats, credentials: Credentials, holder: str
) -> None:
    refusals = asyncio.Queue[str]()
    login = Login(credentials.nkeys[holder])
    bus = Bus(bus_server.address, service="credits", login=login, on_refused=refusals.put)
    await bus.start()
    async with asyncio.timeout(5):
        assert await refusals.get() == "the bus credential is not credits's"
    assert not bus.is_connected or bus._client is None
    await bus.stop()


async def test_a_credential_without_limits_is_refused_outside_development(bus_server: Nats) -> None:
    refusals = asyncio.Queue[str]()
    bus = Bus(bus_server.url("tester"), service="credits", must_be_limited=True, on_refused=refusals.put)
    await bus.start()
    async with asyncio.timeout(5):
        assert "has no limits" in await refusals.get()
    await bus.stop()


async def test_an_outside_service_hears_events_in_ten_lines(
    bus_server: Nats, provisioned: JetStreamContext, credentials: Credentials
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_EXAMPLE),
        env={
            "PATH": os.environ["PATH"],
            "NATS_URL": bus_server.address,
            "NATS_NKEY_SEED": credentials.nkeys[OBSERVER],
        },
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"listening\n"
            await asyncio.sleep(0.1)
            await provisioned.publish(credits_.SETTLED, b'{"credits": 1}')
            assert await process.stdout.readline() == b'credits.evt.settled.v1 {"credits": 1}\n'
    finally:
        process.kill()
        await process.communicate()
