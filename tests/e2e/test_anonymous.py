"""Anonymous analyses: a light analysis without an account, for an hour, limited, and redacted afterwards."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
from oslira_devstack.access import access_to
from oslira_devstack.stack import Stack
from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from people import differences, eventually, person

_ADDRESSES = itertools.count(1)


@dataclass
class Visitor:
    """Somebody at an address, in a browser that passes the challenge."""

    http: httpx.AsyncClient
    address: str = field(default_factory=lambda: f"198.18.0.{next(_ADDRESSES)}")

    async def ask(
        self, name: str, *, challenge: str | None = None, address: str | None = None
    ) -> httpx.Response:
        body = {"username": name, "challenge": challenge or uuid.uuid4().hex}
        headers = {"x-forwarded-for": address or self.address}
        return await self.http.post("/v1/analyses/anonymous", json=body, headers=headers)

    async def read(self, answer: dict[str, Any], *, token: str | None = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or answer['token']}"}
        return await self.http.get(answer["poll_url"], headers=headers)

    async def ended(self, answer: dict[str, Any]) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            run = (await self.read(answer)).json()
            return run if run["finished_at"] and not run["credits"]["held"] else None

        return await eventually(look)


@asynccontextmanager
async def visitor(stack: Stack) -> AsyncGenerator[Visitor]:
    async with httpx.AsyncClient(base_url=stack.gateway_url, timeout=30, trust_env=False) as http:
        yield Visitor(http)


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def ask_database(stack: Stack, role: str, query: str, *values: object) -> Any:
    connection = await asyncpg.connect(access_to(stack.describe(), stack.credentials).database_url(role))
    try:
        return await connection.fetchval(query, *values)
    finally:
        await connection.close()


async def test_a_visitor_reads_and_follows_their_run_and_an_hour_later_it_is_gone(stack: Stack) -> None:
    name = f"visited.{uuid.uuid4().hex[:8]}"
    async with visitor(stack) as somebody, person(stack) as member:
        response = await somebody.ask(f"@{name}")
        assert response.status_code == 202, response.text
        answer = response.json()
        async with somebody.http.stream(
            "GET", f"{answer['poll_url']}/events", headers={"authorization": f"Bearer {answer['token']}"}
        ) as events:
            told = (await events.aread()).decode()
        assert '"status":"completed"' in told
        assert told.count("event: progress") >= 1
        again = await somebody.http.get(answer["events_url"])
        assert '"status":"completed"' in again.text
        run = await somebody.ended(answer)
        assert (run["username"], run["type"], run["lead_id"]) == (name, "light", None)
        assert run["result"]["reasons"]
        assert run["credits"] == {"held": 0, "charged": 1, "released": 0}
        # Not those of any other caller.
        assert code_of(await somebody.http.get(answer["poll_url"])) == (401, "unauthenticated")
        theirs = await member.client.http.get(answer["poll_url"])
        assert code_of(theirs) == (404, "run_not_found")
        leads = "select count(*) from analysis.leads where username = $1"
        assert await ask_database(stack, "analysis_service", leads, name) == 0

        # The hour, and what is waited for after its end and its scrape's.
        await ask_database(
            stack,
            "analysis_service",
            """with old as (update analysis.scrapes set ended_at = ended_at - interval '1 hour' where username = $1)
               update analysis.runs set redact_at = now(), finished_at = finished_at - interval '1 hour' where username = $1""",
            name,
        )

        async def gone() -> bool:
            return (await somebody.read(answer)).status_code == 404

        await eventually(gone)
        for table in ("runs", "scrapes", "avatars"):
            query = f"select count(*) from analysis.{table} t where t::text like $1"
            assert await ask_database(stack, "analysis_service", query, f"%{name}%") == 0, table
        results = "select count(*) from analysis.analyses where run_id = $1"
        assert await ask_database(stack, "analysis_service", results, answer["run_id"]) == 0
    assert await differences(stack) == []


async def test_neither_a_tenants_analysis_nor_a_visitors_is_given_to_the_other(stack: Stack) -> None:
    name = f"seen.{uuid.uuid4().hex[:8]}"
    async with visitor(stack) as somebody, person(stack) as member:
        _, theirs = await member.analyze(name)
        mine = (await somebody.ask(name)).json()
        assert mine["run_id"] != theirs["run_id"]
        await asyncio.gather(member.settled(theirs["run_id"]), somebody.ended(mine))
        async with person(stack) as another:
            is_new, others = await another.analyze(name)
            assert is_new
            assert others["run_id"] not in {mine["run_id"], theirs["run_id"]}
        # A token for the one opens no other: not a tenant's, nor another visitor's.
        assert code_of(await somebody.read(theirs, token=mine["token"])) == (404, "run_not_found")


@pytest.mark.parametrize("challenge", ["refuse"])
async def test_a_program_is_refused(stack: Stack, challenge: str) -> None:
    async with visitor(stack) as somebody:
        assert code_of(await somebody.ask("anybody", challenge=challenge)) == (403, "challenge_failed")


async def test_a_networks_day_is_bounded_whatever_its_addresses_and_headers_say(stack: Stack) -> None:
    async with visitor(stack) as somebody:
        network = f"2001:db8:{uuid.uuid4().hex[:4]}:1"
        names = [f"net.{uuid.uuid4().hex[:8]}" for _ in range(4)]
        answers = await asyncio.gather(
            *(somebody.ask(name, address=f"{network}::{number}") for number, name in enumerate(names, 1))
        )
        assert sorted(answer.status_code for answer in answers) == [202, 202, 202, 429]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert code_of(refused) == (429, "anonymous_limit_reached")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        forged = await somebody.ask("forged", address=f"203.0.113.99, {network}::9")
        assert code_of(forged) == (429, "anonymous_limit_reached")
        await asyncio.gather(*(somebody.ended(one.json()) for one in answers if one.status_code == 202))


async def test_when_the_days_credits_are_used_up_the_error_says_until_when(stack: Stack) -> None:
    available = await ask_database(
        stack,
        "credits_service",
        "select available from credits.account_balances where account_id = $1",
        ANONYMOUS_ACCOUNT_ID,
    )
    spend = "select public.deduct_credits($1, $2, 'test', 'a day of anonymous use')"
    await ask_database(stack, "credits_service", spend, ANONYMOUS_ACCOUNT_ID, -available)
    try:
        async with visitor(stack) as somebody:
            refused = await somebody.ask("too.late")
            assert code_of(refused) == (429, "anonymous_used_up")
            assert 0 < int(refused.headers["retry-after"]) <= 86_400
    finally:
        await ask_database(stack, "credits_service", spend, ANONYMOUS_ACCOUNT_ID, available)
    assert await differences(stack) == []
