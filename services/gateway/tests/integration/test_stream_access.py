"""After leaving an account, signing out or losing the account, a user's open streams end within 5 seconds."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from oslira_devstack.make_user import sign_token

SECRET = "a secret that is long enough for HS256 to be worth something"


async def ended_within(lines: AsyncIterator[str], started: float) -> str:
    """All that a stream still says, and that it said it in time."""
    said = "\n".join([line async for line in lines])
    assert time.monotonic() - started < 5
    return said


async def address(world: Any, headers: dict[str, str]) -> str:
    answer = await world.http.get("/v1/events/address", headers=headers)
    assert answer.is_success, answer.text
    return answer.json()["events_url"]


@asynccontextmanager
async def following(
    world: Any, url: str, headers: dict[str, str] | None = None
) -> AsyncGenerator[AsyncIterator[str]]:
    async with world.http.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200, (await response.aread()).decode()
        lines = response.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        yield lines


async def join(world: Any, role: str) -> tuple[str, dict[str, str]]:
    """The stranger becomes a member of the user's account; (account, the stranger's headers in it)."""
    account = str(world.user.made.account_id)
    path = f"/v1/accounts/{account}/invitations"
    body = {"email": "two@example.com", "role": role}
    invited = (await world.http.post(path, headers=world.user.headers, json=body)).json()
    token = invited["token"]
    assert invited["invited_by"] == str(world.user.made.user_id)
    await world.http.post(f"/v1/invitations/{token}/accept", headers=world.stranger.headers)
    return account, {**world.stranger.headers, "x-account-id": account}


def removal(world: Any, account: str) -> Callable[[], Awaitable[httpx.Response]]:
    path = f"/v1/accounts/{account}/members/{world.stranger.made.user_id}"
    return lambda: world.http.delete(path, headers=world.user.headers)


async def test_a_removed_members_streams_and_tickets_end(world: Any) -> None:
    account, theirs = await join(world, "member")
    bulk = await world.http.post(
        "/v1/analyses/bulk",
        headers=theirs,
        json={
            "usernames": ["one.of.many"],
            "type": "light",
            "business_profile_id": str(world.user.made.business_profile_id),
        },
    )
    urls = [await address(world, theirs), bulk.json()["events_url"]]
    run = (await world.http.get("/v1/runs", headers=theirs)).json()["items"][0]
    one = (await world.http.get(f"/v1/runs/{run['run_id']}", headers=theirs)).json()
    urls.append(one["events_url"])
    mine = await address(world, world.user.headers)
    async with following(world, mine), following(world, urls[0]) as lines:
        started = time.monotonic()
        assert (await removal(world, account)()).status_code == 204
        assert "event: access_ended" in await ended_within(lines, started)
        for url in urls:
            refused = await world.http.get(url)
            assert (refused.status_code, refused.json()["code"]) == (401, "ticket_invalid"), url
        async with following(world, mine):
            pass


async def test_a_removed_members_stream_by_token_ends_as_well(world: Any) -> None:
    account, theirs = await join(world, "member")
    async with following(world, "/v1/events", theirs) as lines:
        started = time.monotonic()
        assert (await removal(world, account)()).status_code == 204
        assert "event: access_ended" in await ended_within(lines, started)
    refused = await world.http.get("/v1/events", headers=theirs)
    assert (refused.status_code, refused.json()["code"]) == (404, "account_not_found")


@pytest.mark.parametrize("session", ["3e9f3a4e-2f0c-4b1e-9a68-5d8a51a9c001", None])
async def test_signing_out_ends_the_streams_of_that_sign_in(world: Any, session: str | None) -> None:
    claims: dict[str, Any] = {"session_id": session} if session else {}
    token = sign_token(SECRET, user_id=world.user.made.user_id, email="one@example.com", claims=claims)
    headers = {"authorization": f"Bearer {token}"}
    url = await address(world, headers)
    other = await address(world, world.stranger.headers)
    async with following(world, url) as lines, following(world, other):
        started = time.monotonic()
        assert (await world.http.post("/v1/sign-out", headers=headers)).status_code == 204
        assert "event: access_ended" in await ended_within(lines, started)
        refused = await world.http.get(url)
        assert (refused.status_code, refused.json()["code"]) == (401, "ticket_invalid")
        refused = await world.http.get("/v1/events", headers=headers)
        assert refused.status_code == 401
        async with following(world, other):
            pass


async def test_a_deleted_accounts_streams_end(world: Any) -> None:
    async with following(world, await address(world, world.user.headers)) as lines:
        started = time.monotonic()
        account = world.user.made.account_id
        deleted = await world.http.delete(f"/v1/accounts/{account}", headers=world.user.headers)
        assert deleted.status_code == 204, deleted.text
        assert "event: access_ended" in await ended_within(lines, started)


async def test_a_stream_ends_with_its_readers_token(world: Any) -> None:
    token = sign_token(
        SECRET,
        user_id=world.user.made.user_id,
        email="one@example.com",
        life=timedelta(seconds=3),
    )
    url = await address(world, {"authorization": f"Bearer {token}"})
    async with following(world, url) as lines:
        await ended_within(lines, time.monotonic())
    refused = await world.http.get(url)
    assert (refused.status_code, refused.json()["code"]) == (401, "ticket_invalid")
