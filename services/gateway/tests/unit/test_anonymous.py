"""Anonymous callers: what they may do, and what is stored about them."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, ip_address
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from http_answers import client_of
from oslira_gateway.anonymous.challenges import NoChallenge
from oslira_gateway.anonymous.pseudonyms import Pseudonyms
from oslira_gateway.anonymous.run_tokens import RunTokens
from oslira_gateway.http.client_address import counted_network
from oslira_gateway.identity.caller import Member
from oslira_gateway.streams.tickets import ANONYMOUS_FOLLOWER
from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID, EXAMPLE_BUSINESS_ID
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

SECRET = "a secret that is long enough"
PATH = "/v1/analyses/anonymous"
ANSWER = {"run_id", "status", "poll_url", "events_url", "token", "expires_at"}


@pytest_asyncio.fixture
async def client(api: Any) -> AsyncGenerator[httpx.AsyncClient]:
    api.trusted_proxies = (IPv4Network("127.0.0.0/8"),)
    api.requests.businesses[EXAMPLE_BUSINESS_ID] = ANONYMOUS_ACCOUNT_ID
    async with client_of(api.app) as client:
        yield client


async def ask(
    client: httpx.AsyncClient, username: str = "natgeo", *, address: str = "203.0.113.7", **body: Any
) -> httpx.Response:
    headers = {"x-forwarded-for": address}
    return await client.post(
        PATH, json={"username": username, "challenge": "person", **body}, headers=headers
    )


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_visitor_gets_a_run_and_a_token_that_reads_it(api: Any, client: httpx.AsyncClient) -> None:
    response = await ask(client, "@Nat.Geo")
    answer = response.json()
    assert (response.status_code, answer.keys()) == (202, ANSWER)
    account_id, run = api.runs.rows[UUID(answer["run_id"])]
    assert (account_id, run.type, run.username) == (ANONYMOUS_ACCOUNT_ID, "light", "nat.geo")
    read = await client.get(answer["poll_url"], headers=bearer(answer["token"]))
    assert (read.status_code, read.json()["run_id"]) == (200, answer["run_id"])
    assert api.holds.held == {UUID(answer["run_id"]): 1}


async def test_the_token_opens_that_run_and_nothing_else(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    first, second = await ask(client, "one"), await ask(client, "two")
    token = bearer(first.json()["token"])
    assert code_of(await client.get(second.json()["poll_url"], headers=token)) == (404, "run_not_found")
    events = f"{second.json()['poll_url']}/events"
    assert code_of(await client.get(events, headers=token)) == (404, "run_not_found")
    for path in ("/v1/runs", "/v1/me", "/v1/credits/balance", "/v1/business-profiles"):
        assert code_of(await client.get(path, headers=token)) == (401, "token_invalid")
    forged = bearer(RunTokens("another", life=timedelta(hours=1)).issue(new_id()).text)
    assert code_of(await client.get(first.json()["poll_url"], headers=forged)) == (401, "token_invalid")
    # Nor does a user's own token read a visitor's run.
    assert code_of(await client.get(first.json()["poll_url"], headers=api.join(member))) == (
        404,
        "run_not_found",
    )


async def test_its_events_open_by_token_and_by_ticket_and_not_without(
    api: Any, client: httpx.AsyncClient
) -> None:
    answer = (await ask(client)).json()
    run = api.runs.rows[UUID(answer["run_id"])][1]
    api.runs.change(replace(run, status=RunStatus.COMPLETED, seq=3, finished_at=datetime.now(UTC)))
    path = f"{answer['poll_url']}/events"
    by_token = await client.get(path, headers=bearer(answer["token"]))
    by_ticket = await client.get(answer["events_url"])
    assert by_token.text.count("event: progress") == by_ticket.text.count("event: progress") == 1
    assert code_of(await client.get(path)) == (401, "unauthenticated")
    assert code_of(await client.get(path, headers=bearer("nonsense"))) == (401, "token_invalid")


@pytest.mark.parametrize("challenge", [None, "program", ""])
async def test_who_fails_the_challenge_is_refused_and_not_counted(
    api: Any, client: httpx.AsyncClient, challenge: str | None
) -> None:
    assert code_of(await ask(client, challenge=challenge)) == (403, "challenge_failed")
    assert (api.runs.rows, api.holds.held, +api.allowance.uses) == ({}, {}, {})


async def test_every_request_fails_while_the_challenge_cannot_be_checked(
    api: Any, client: httpx.AsyncClient
) -> None:
    api.challenge.is_down = True
    assert code_of(await ask(client)) == (503, "unavailable")


async def test_two_addresses_of_one_64_share_their_day_and_others_have_their_own(
    client: httpx.AsyncClient,
) -> None:
    assert (await ask(client, "one", address="2001:db8::1")).status_code == 202
    assert (await ask(client, "two", address="2001:db8::ffff:2")).status_code == 202
    refused = await ask(client, "three", address="2001:db8::3")
    assert code_of(refused) == (429, "anonymous_limit_reached")
    assert refused.headers["retry-after"] == "3600"
    assert (await ask(client, "four", address="2001:db8:0:1::1")).status_code == 202
    # What a client says further left is not believed.
    assert code_of(await ask(client, "five", address="198.51.100.9, 2001:db8::4")) == (
        429,
        "anonymous_limit_reached",
    )


async def test_when_the_day_is_used_up_the_error_says_until_when_and_no_use_is_counted(
    api: Any, client: httpx.AsyncClient
) -> None:
    api.holds.available = 0
    refused = await ask(client)
    assert code_of(refused) == (429, "anonymous_used_up")
    assert refused.headers["retry-after"] == "3600"
    assert {"need", "balance"}.isdisjoint(refused.json())
    assert +api.allowance.uses == {}


async def test_visitors_who_ask_the_same_at_once_share_a_run_with_a_token_each(
    api: Any, client: httpx.AsyncClient
) -> None:
    first, second = await ask(client), await ask(client, address="203.0.113.8")
    assert second.status_code == 202
    assert first.json()["run_id"] == second.json()["run_id"]
    read = await client.get(second.json()["poll_url"], headers=bearer(second.json()["token"]))
    assert read.status_code == 200
    assert len(api.runs.rows) == 1


async def test_another_callers_finished_analysis_is_not_shown(api: Any, client: httpx.AsyncClient) -> None:
    first = (await ask(client)).json()
    run = api.runs.rows[UUID(first["run_id"])][1]
    api.runs.change(replace(run, status=RunStatus.COMPLETED, finished_at=datetime.now(UTC)))
    assert (await ask(client, address="203.0.113.8")).json()["run_id"] != first["run_id"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"username": "no name!"}, 422, "invalid_username"),
        ({"type": "xray"}, 400, "invalid_request"),
        ({"business_profile_id": "01a2043a-40d1-77fb-9a74-47f80fe61e20"}, 400, "invalid_request"),
        ({"challenge": "x" * 3_000}, 400, "invalid_request"),
    ],
)
async def test_nothing_but_a_light_analysis_can_be_ordered(
    api: Any, client: httpx.AsyncClient, body: dict[str, str], status: int, code: str
) -> None:
    assert code_of(await ask(client, **body)) == (status, code)
    assert api.runs.rows == {}


async def test_visitors_streams_are_counted_by_run(api: Any, client: httpx.AsyncClient) -> None:
    first, second = (await ask(client, "one")).json(), (await ask(client, "two")).json()
    for _ in range(2):
        api.streams.admit(ANONYMOUS_FOLLOWER, counted_as=UUID(first["run_id"]), network="elsewhere")
    token = bearer(first["token"])
    assert code_of(await client.get(f"{first['poll_url']}/events", headers=token)) == (
        429,
        "too_many_streams",
    )
    run = api.runs.rows[UUID(second["run_id"])][1]
    api.runs.change(replace(run, status=RunStatus.COMPLETED, seq=3, finished_at=datetime.now(UTC)))
    open_ = await client.get(f"{second['poll_url']}/events", headers=bearer(second["token"]))
    assert open_.status_code == 200


def test_a_run_token_lives_an_hour() -> None:
    now = [1_000_000.0]
    tokens = RunTokens(SECRET, life=timedelta(hours=1), clock=lambda: now[0])
    issued = tokens.issue(run_id := new_id())
    now[0] += 3_600
    assert tokens.run_of(issued.text) == run_id
    now[0] += 1
    with pytest.raises(OsliraError, match="token_expired"):
        tokens.run_of(issued.text)


@pytest.mark.parametrize(
    "text", ["oslira-run-", "oslira-run-.", "oslira-run-a.b", "oslira-run-ü.ü", "oslira-run-a.b.c"]
)
def test_what_is_no_run_token_is_refused(text: str) -> None:
    with pytest.raises(OsliraError, match="token_invalid"):
        RunTokens(SECRET, life=timedelta(hours=1)).run_of(text)


def test_pseudonyms_need_the_key() -> None:
    mine, other = Pseudonyms(SECRET), Pseudonyms("another secret")
    assert mine.of_name("natgeo") == Pseudonyms(SECRET).of_name("natgeo") != other.of_name("natgeo")
    network = counted_network(ip_address("203.0.113.7"))
    assert mine.of_network(network) != other.of_network(network)
    assert mine.of_name(str(network)) != mine.of_network(network)


async def test_development_may_do_without_a_challenge() -> None:
    await NoChallenge().check(None)
