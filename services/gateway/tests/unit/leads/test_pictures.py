"""Pictures of leads: by ticket, only of leads that the reader may see."""

from typing import Any

import httpx
import pytest
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.lead import Lead
from oslira_gateway.leads.ports import Picture
from oslira_gateway.streams.tickets import follower_of
from oslira_shared.ids import derived_id

JPEG = b"\xff\xd8\xff\xe0 a picture"


async def test_a_lead_with_a_picture_has_an_address_that_shows_it_without_a_token(
    api: Any, client: httpx.AsyncClient, five: list[Lead]
) -> None:
    api.leads.pictures["name.001"] = Picture("abc123", "image/jpeg", JPEG)
    listed = {
        item["username"]: item["avatar_url"] for item in (await client.get("/v1/leads")).json()["items"]
    }
    assert {name for name, address in listed.items() if address} == {"name.001"}
    address = (await client.get(f"/v1/leads/{five[0].lead_id}")).json()["avatar_url"]
    # A browser finds in its cache what it has by the same address.
    assert address == listed["name.001"]
    del client.headers["authorization"]
    answer = await client.get(address)
    assert (answer.status_code, answer.content) == (200, JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    again = await client.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    other = await client.get(address, headers={"if-none-match": '"another", W/"one"'})
    assert other.status_code == 200


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/pdf", ""])
async def test_what_is_no_picture_is_not_shown(
    api: Any, client: httpx.AsyncClient, five: list[Lead], kind: str
) -> None:
    api.leads.pictures["name.001"] = Picture("abc123", kind, b"<script>alert(1)</script>")
    address = (await client.get(f"/v1/leads/{five[0].lead_id}")).json()["avatar_url"]
    answer = await client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "avatar_not_found")


async def test_a_picture_goes_with_its_lead_its_profile_and_its_readers_membership(
    api: Any, client: httpx.AsyncClient, member: Member, five: list[Lead]
) -> None:
    api.leads.pictures["name.001"] = Picture("abc123", "image/jpeg", JPEG)
    path = f"/v1/leads/{five[0].lead_id}"
    address = (await client.get(path)).json()["avatar_url"]
    await client.delete(path)
    assert (await client.get(address)).json()["code"] == "avatar_not_found"
    assert (await client.post(f"{path}/restore")).json()["avatar_url"] == address
    assert (await client.get(address)).status_code == 200
    api.access.gone.add(follower_of(member).user_id)
    answer = await client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (401, "ticket_invalid")
    api.access.gone.clear()
    api.leads.pictures.clear()
    assert (await client.get(address)).json()["code"] == "avatar_not_found"
    assert (await client.get(path)).json()["avatar_url"] is None


async def test_a_ticket_shows_the_picture_of_its_own_lead_alone(
    api: Any, client: httpx.AsyncClient, member: Member, five: list[Lead]
) -> None:
    api.leads.pictures["name.001"] = api.leads.pictures["name.009"] = Picture("abc123", "image/jpeg", JPEG)
    address = (await client.get(f"/v1/leads/{five[0].lead_id}")).json()["avatar_url"]
    ticket = address.partition("ticket=")[2]
    theirs = derived_id("lead", 9)
    account = api.tickets.issue("account", member.account_id, follower_of(member))
    for lead_id, shown in ((theirs, ticket), (five[1].lead_id, ticket), (five[0].lead_id, account)):
        answer = await client.get(f"/v1/leads/{lead_id}/avatar", params={"ticket": shown})
        assert (answer.status_code, answer.json()["code"]) == (401, "ticket_invalid")
    # Also where the ticket is ours: the lead has to be of the account that the ticket names.
    forged = api.tickets.issue("avatar", theirs, follower_of(member))
    answer = await client.get(f"/v1/leads/{theirs}/avatar", params={"ticket": forged})
    assert (answer.status_code, answer.json()["code"]) == (404, "avatar_not_found")
    # A program's token does as well, for what is its account's.
    assert (await client.get(f"/v1/leads/{five[0].lead_id}/avatar")).status_code == 200
    assert (await client.get(f"/v1/leads/{theirs}/avatar")).json()["code"] == "avatar_not_found"
    del client.headers["authorization"]
    assert (await client.get(f"/v1/leads/{five[0].lead_id}/avatar")).status_code == 401
