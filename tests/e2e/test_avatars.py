"""Profile pictures: shown to the lead's account, and to no other."""

import asyncio
import uuid
from typing import Any

import asyncpg
from oslira_cli.admin import ask_admin
from oslira_cli.deployment import Login
from oslira_cli.operator_token import sign_operator_token
from oslira_client import Oslira
from oslira_devstack.access import access_to
from oslira_devstack.stack import Stack
from oslira_shared.contracts.analysis.v1 import MAX_AVATAR_BYTES
from people import Person, person
from pictures import JPEG, keep_picture


async def _pictured_lead(stack: Stack, user: Person, username: str, content: bytes = JPEG) -> dict[str, Any]:
    run = await user.settled((await user.analyze(username))[1]["run_id"])
    await keep_picture(stack, [username], content=content)
    answer = await user.client.http.get(f"/v1/leads/{run['lead_id']}")
    lead: dict[str, Any] = answer.json()
    assert lead["avatar_url"], lead
    return lead


async def test_a_page_shows_the_picture_of_a_lead_without_a_token(stack: Stack) -> None:
    async with person(stack) as user, person(stack) as other:
        lead = await _pictured_lead(stack, user, f"pictured.{uuid.uuid4().hex[:8]}")
        answer = await other.client.http.get(lead["avatar_url"], headers={"authorization": ""})
        assert (answer.status_code, answer.content) == (200, JPEG), answer.text
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-content-type-options"] == "nosniff"
        tag = {"if-none-match": answer.headers["etag"]}
        assert (await other.client.http.get(lead["avatar_url"], headers=tag)).status_code == 304
        # Their own ticket is for their own leads.
        path = f"/v1/leads/{lead['lead_id']}/avatar"
        theirs = await _pictured_lead(stack, other, f"pictured.{uuid.uuid4().hex[:8]}")
        ticket = theirs["avatar_url"].partition("ticket=")[2]
        refused = await other.client.http.get(path, params={"ticket": ticket})
        assert (refused.status_code, refused.json()["code"]) == (401, "ticket_invalid")
        # A program has its token, and needs no ticket.
        async with Oslira(stack.gateway_url, user.who.token) as client:
            chunks = [chunk async for chunk in client.leads.get_lead_avatar(lead["lead_id"])]
        assert b"".join(chunks) == JPEG


async def test_the_largest_picture_that_is_copied_fits_into_a_message(stack: Stack) -> None:
    async with person(stack) as user:
        largest = JPEG.ljust(MAX_AVATAR_BYTES, b"x")
        lead = await _pictured_lead(stack, user, f"large.{uuid.uuid4().hex[:8]}", largest)
        answers = await asyncio.gather(*(user.client.http.get(lead["avatar_url"]) for _ in range(20)))
        assert {(answer.status_code, answer.content == largest) for answer in answers} == {(200, True)}


async def test_an_erased_profile_is_shown_no_more(stack: Stack) -> None:
    name = f"erased.{uuid.uuid4().hex[:8]}"
    async with person(stack) as user:
        lead = await _pictured_lead(stack, user, name)
        access = access_to(stack.describe(), stack.credentials)
        token = sign_operator_token(stack.credentials.operator_secret, name="avatars")
        operator = Login(stack.describe()["admin_url"], token)
        connection = await asyncpg.connect(access.database_url("analysis_service"))
        try:
            # As if it were published: what a lead keeps of its profile goes with it.
            await connection.execute(
                "update analysis.leads set emails = $2, phones = $3, links = $2 where id = $1::uuid",
                uuid.UUID(lead["lead_id"]),
                [f"{name}@bakery.example"],
                ["+351 21 000 0000"],
            )
            await ask_admin(operator, "POST", "/erase", {"username": name})
            gone = await user.client.http.get(lead["avatar_url"])
            assert (gone.status_code, gone.json()["code"]) == (404, "avatar_not_found")
            left = await connection.fetchval(
                "select count(*) from analysis.leads l where l::text like $1", f"%{name}%"
            )
        finally:
            await connection.close()
        assert left == 0
