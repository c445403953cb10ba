"""Event streams of one tenant leave the gateway to the others: many streams of a large bulk, and idle ones without number."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.stack import Stack, StackConfig
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Connection
from people import Person, person

RUNS: Final = 1_000
RESULT_BYTES: Final = 9_600
PROMISED_P95_MS: Final = 50
PROMISED_MB: Final = 300
_MORE: Final = {
    "OSLIRA_MAX_STREAMS_PER_ACCOUNT": "5000",
    "OSLIRA_MAX_STREAMS_PER_USER": "5000",
    "OSLIRA_MAX_STREAMS_PER_NETWORK": "5000",
    "OSLIRA_RATE_LIMITS": "*.*=1000000/60",
}
_BULK: Final = """
with bulk_run as (
  insert into analysis.runs (id, state) values ($1, 'closed')
), bulk as (
  insert into analysis.bulks (id, state, account_id, business_profile_id, type, price_credits, held_credits)
  values ($1, 'open', $2, $3, 'xray', 4, 4000)
), made as (
  insert into analysis.runs (id, state, account_id, business_profile_id, type, username, price_credits, max_age_s, priority,
                             progress, finished_at)
  select gen_random_uuid(), 'completed', $2, $3, 'xray', 'stream.' || n, 4, 86400, 1, 100, now()
    from generate_series(1, $4::int) as n
  returning id, substr(username, 8)::int as line
), items as (
  insert into analysis.bulk_items (bulk_id, line, account_id, run_id, owned) select $1, line, $2, id, true from made
)
insert into analysis.analyses (id, run_id, account_id, business_profile_id, type, score, result, prompt_version)
select gen_random_uuid(), id, $2, $3, 'xray', 50, $5::text::jsonb, 'test' from made
"""
_MOVE: Final = """
update analysis.runs set seq = seq + 1
 where id in (select run_id from analysis.bulk_items where bulk_id = $1 and line % 10 = $2)
"""


@pytest_asyncio.fixture
async def own_stack(scratch_dir: Path) -> AsyncGenerator[Stack]:
    config = StackConfig(
        data_dir=scratch_dir / f"streams-{new_id()}", durable=False, extra_environment={"gateway": _MORE}
    )
    async with Stack(config) as running:
        yield running


@asynccontextmanager
async def a_large_bulk(user: Person) -> AsyncGenerator[tuple[UUID, Connection]]:
    """An open bulk of finished x-rays, and who may change them."""
    connection = await asyncpg.connect(user.access.database_url(SUPERUSER))
    try:
        # Without the triggers that price a run and reserve what it may cost: these cost nothing.
        await connection.execute("set session_replication_role = replica")
        bulk_id, filler = (
            new_id(),
            json.dumps({"text": "".join(chr(97 + n * 7 % 26) for n in range(RESULT_BYTES))}),
        )
        who = user.who
        await connection.execute(_BULK, bulk_id, who.account_id, who.business_profile_id, RUNS, filler)
        yield bulk_id, connection
    finally:
        await connection.close()


def resident_mb(pid: int) -> float:
    [line] = [one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


async def answered_ms(user: Person, *, for_s: float) -> list[float]:
    """How long this user's requests take, one after another."""
    took: list[float] = []
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        started = time.perf_counter()
        answer = await user.client.http.get("/v1/leads")
        took.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.text
        await asyncio.sleep(0.02)
    return took


def p95(took: list[float]) -> float:
    return sorted(took)[int(0.95 * (len(took) - 1))]


async def read(http: httpx.AsyncClient, url: str, ids: set[str]) -> None:
    """Follow a stream for ever."""
    async with http.stream("GET", url) as response:
        assert response.status_code == 200, (await response.aread()).decode()
        async for line in response.aiter_lines():
            if line.startswith("id: "):
                ids.add(line)


@pytest.mark.parametrize(("count", "for_s"), [(10, 5), pytest.param(50, 30, marks=pytest.mark.campaign)])
async def test_streams_of_a_large_bulk_leave_others_their_answers(
    own_stack: Stack, count: int, for_s: float
) -> None:
    pid = own_stack.supervisor.processes["gateway"].child.pid
    assert pid is not None
    limits = httpx.Limits(max_connections=None)
    async with (
        person(own_stack) as user,
        person(own_stack) as other,
        a_large_bulk(user) as (bulk_id, connection),
        httpx.AsyncClient(base_url=own_stack.gateway_url, timeout=60, limits=limits, trust_env=False) as http,
        asyncio.TaskGroup() as group,
    ):
        bulk = (await user.client.http.get(f"/v1/bulk/{bulk_id}")).json()
        quiet = p95(await answered_ms(other, for_s=1))
        seen: list[set[str]] = [set() for _ in range(count)]
        readers = [group.create_task(read(http, bulk["events_url"], ids)) for ids in seen]
        measuring = group.create_task(answered_ms(other, for_s=for_s))
        most_mb, turn = 0.0, 0
        while not measuring.done():
            await asyncio.sleep(0.5)
            await connection.execute(_MOVE, bulk_id, turn % 10)
            turn += 1
            most_mb = max(most_mb, resident_mb(pid))
        found = p95(await measuring)
        for reader in readers:
            reader.cancel()
    least = min(len(ids) for ids in seen)
    print(  # noqa: T201  # the values are the result
        f"\n{count} bulk streams of {RUNS} x-rays: another user's p95 {found:.1f} ms (alone {quiet:.1f} ms), "
        f"gateway {most_mb:.0f} MB, at least {least} events each"
    )
    assert least > RUNS
    assert most_mb <= PROMISED_MB
    # The reduced count runs beside other tests, which take time from each request. Reading all results made it seconds.
    assert found <= (PROMISED_P95_MS if count == 50 else 500)


@pytest.mark.parametrize("count", [1_500, pytest.param(5_000, marks=pytest.mark.campaign)])
async def test_idle_streams_leave_health_and_the_api_to_others(own_stack: Stack, count: int) -> None:
    at = urlsplit(own_stack.gateway_url)
    async with person(own_stack) as user, person(own_stack) as other, AsyncExitStack() as opened:
        url = (await user.client.http.get("/v1/events/address")).json()["events_url"]
        statuses: Counter[int] = Counter()

        async def open_one() -> None:
            reader, writer = await asyncio.open_connection(at.hostname, at.port)
            opened.callback(writer.close)
            writer.write(f"GET {url} HTTP/1.1\r\nhost: {at.hostname}\r\n\r\n".encode())
            statuses[int((await reader.readline()).split()[1])] += 1

        for _ in range(count // 100):
            await asyncio.gather(*(open_one() for _ in range(100)))
        took = await answered_ms(other, for_s=2)
        async with httpx.AsyncClient(base_url=own_stack.gateway_url, trust_env=False) as http:
            health = [(await http.get(f"/health/{what}")).status_code for what in ("live", "ready") * 5]
        print(f"\n{count} idle streams: {dict(statuses)}, another user's p95 {p95(took):.1f} ms")  # noqa: T201
        assert set(health) == {200}
        assert set(statuses) == {200, 503}
        assert statuses[200] == 1_000  # OSLIRA_MAX_STREAMS
