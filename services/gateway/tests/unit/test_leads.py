"""Leads over HTTP and in-memory adapters: lists, cursors, the file."""

import csv
import io
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.csv_rows import safe_cell
from oslira_gateway.leads.lead import Lead, LeadAnalysis
from oslira_gateway.leads.many_leads import LeadsRefresh
from oslira_gateway.leads.ports import Picture
from oslira_gateway.leads.refresh_leads import RefreshLeads
from oslira_gateway.streams.tickets import follower_of
from oslira_shared.contracts.analysis.v1 import AnalysisType, FollowerTier
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BUSINESS = derived_id("business")


def lead(number: int, **changes: Any) -> Lead:
    values: dict[str, Any] = {
        "lead_id": derived_id("lead", number),
        "business_profile_id": BUSINESS,
        "username": f"name.{number:03}",
        "full_name": f"Name {number}",
        "followers": 1_000 * number,
        "tier": FollowerTier.NANO,
        "category": None,
        "is_verified": None,
        "links": [],
        "emails": [],
        "phones": [],
        "score": number % 100,
        "type": AnalysisType.LIGHT,
        "summary": None,
        "analysed_at": NOW - timedelta(hours=number),
        "created_at": NOW - timedelta(days=30),
    }
    return Lead(**values | changes)


@pytest_asyncio.fixture
async def client(api: Any, member: Member) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    headers = api.join(member)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        yield client


@pytest.fixture
def five(api: Any, member: Member, stranger: Member) -> list[Lead]:
    made = [lead(number) for number in range(1, 6)]
    for one in made:
        api.leads.add(member.account_id, one)
    api.leads.add(stranger.account_id, lead(9))
    return made


async def names(client: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await client.get("/v1/leads", params=params)
    assert answer.status_code == 200, answer.text
    return [item["username"][-1] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "12345"),
        ({"order": "asc"}, "54321"),
        ({"sort": "score"}, "54321"),
        ({"sort": "username", "order": "asc"}, "12345"),
        ({"score_min": 2, "score_max": 4}, "234"),
        ({"q": "NAME 3"}, "3"),
        ({"analysed_from": "2026-11-22T09:00:00"}, "123"),
        ({"analysed_to": "2026-11-22T09:00:00Z"}, "45"),
        ({"type": "deep"}, ""),
        ({"business_profile_id": str(derived_id("another"))}, ""),
    ],
    ids=str,
)
async def test_a_list_is_filtered_and_sorted(
    client: httpx.AsyncClient, five: list[Lead], params: dict[str, Any], expected: str
) -> None:
    assert "".join(await names(client, **params)) == expected


@pytest.mark.parametrize("sort", ["analysed_at", "score", "username"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_have_each_lead_once(
    client: httpx.AsyncClient, five: list[Lead], sort: str, order: str
) -> None:
    params: dict[str, Any] = {"sort": sort, "order": order, "limit": 2}
    seen: list[str] = []
    while True:
        page = (await client.get("/v1/leads", params=params)).json()
        seen += [item["username"][-1] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == await names(client, sort=sort, order=order)


async def test_a_cursor_is_good_for_its_own_list_alone(
    api: Any, client: httpx.AsyncClient, five: list[Lead], stranger: Member
) -> None:
    cursor = (await client.get("/v1/leads", params={"limit": 2})).json()["next_cursor"]
    theirs = api.join(stranger)
    tries: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"cursor": cursor, "sort": "score"}, {}),
        ({"cursor": cursor, "order": "asc"}, {}),
        ({"cursor": cursor, "score_min": 1}, {}),
        ({"cursor": cursor}, theirs),
        ({"cursor": cursor[:-2]}, {}),
        ({"cursor": "nonsense"}, {}),
        ({"cursor": ""}, {}),
        ({"cursor": "é"}, {}),
    ]
    for params, headers in tries:
        answer = await client.get("/v1/leads", params=params, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), params
    assert (await client.get("/v1/leads", params={"limit": 2, "cursor": cursor})).status_code == 200


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 101},
        {"score_min": 101},
        {"type": "psychic"},
        {"sort": "followers"},
        {"business_profile_id": "1; drop table"},
        {"analysed_from": "yesterday"},
        {"analysed_to": "9999-12-31T23:59:59-12:00"},
        {"q": "x" * 101},
    ],
    ids=str,
)
async def test_a_wrong_filter_is_refused(client: httpx.AsyncClient, params: dict[str, Any]) -> None:
    answer = await client.get("/v1/leads", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_a_lead_goes_and_comes_back_unless_another_has_its_place(
    api: Any, client: httpx.AsyncClient, member: Member, five: list[Lead]
) -> None:
    path = f"/v1/leads/{five[0].lead_id}"
    assert (await client.get(path)).json()["username"] == "name.001"
    assert (await client.delete(path)).status_code == 204
    for answer in (await client.get(path), await client.delete(path), await client.get(f"{path}/analyses")):
        assert (answer.status_code, answer.json()["code"]) == (404, "lead_not_found")
    assert (await client.post(f"{path}/restore")).json()["username"] == "name.001"
    await client.delete(path)
    api.leads.add(member.account_id, lead(1, lead_id=derived_id("newer")))
    answer = await client.post(f"{path}/restore")
    assert (answer.status_code, answer.json()["code"]) == (409, "lead_replaced")
    assert answer.json()["lead_id"] == str(derived_id("newer"))


async def test_several_leads_go_and_come_back_and_each_has_its_outcome(
    api: Any, client: httpx.AsyncClient, member: Member, five: list[Lead]
) -> None:
    theirs = derived_id("lead", 9)
    wanted = [str(five[1].lead_id), str(theirs), str(five[0].lead_id), str(five[1].lead_id)]
    for _ in range(2):  # asked again, it answers the same
        body = (await client.post("/v1/leads/delete", json={"lead_ids": wanted})).json()
        assert [item["outcome"] for item in body["items"]] == ["deleted", "not_found", "deleted"]
        assert [item["lead_id"] for item in body["items"]] == wanted[:3]
        assert body["changed"] == 2
    assert await names(client) == ["3", "4", "5"]
    assert await api.leads.find(Member(member.caller, api.leads.rows[theirs][0], "owner"), theirs)
    api.leads.add(member.account_id, lead(1, lead_id=derived_id("newer")))
    body = (await client.post("/v1/leads/restore", json={"lead_ids": wanted})).json()
    assert [item["outcome"] for item in body["items"]] == ["restored", "not_found", "replaced"]
    assert body["items"][2]["replaced_by"] == str(derived_id("newer"))
    assert body["changed"] == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"lead_ids": []}, {"lead_ids": ["x"]}, {"lead_ids": [str(BUSINESS)] * 1_001}, {"lead_ids": None}],
    ids=len,
)
async def test_a_list_of_leads_that_is_none_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    for path in ("/v1/leads/delete", "/v1/leads/restore"):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_a_refresh_of_leads_is_an_order_of_their_profiles(
    api: Any, member: Member, five: list[Lead]
) -> None:
    nothing: Any = None  # ordering is the bulk's own
    refresh_leads = RefreshLeads(api.leads, nothing, unchanged_within=timedelta(minutes=5))
    ids = [five[2].lead_id, derived_id("lead", 9), five[0].lead_id, five[2].lead_id]
    order = await refresh_leads.order(member, LeadsRefresh(lead_ids=ids, type="deep", max_credits=2))
    assert [(name.line, name.username) for name in order.names.names] == [(1, "name.003"), (3, "name.001")]
    assert [(one.line, one.problem) for one in order.names.rejected] == [
        (2, "lead_not_found"),
        (4, "duplicate"),
    ]
    assert (order.type, order.business_profile_id, order.max_credits) == (AnalysisType.DEEP, BUSINESS, 2)
    assert order.reuse_within < timedelta(0)
    # Sent again after one of them was deleted it is still the same order.
    await api.leads.delete(member, five[0].lead_id)
    again = await refresh_leads.order(member, LeadsRefresh(lead_ids=ids, type="deep", max_credits=2))
    assert again.body_hash == order.body_hash
    other = await refresh_leads.order(member, LeadsRefresh(lead_ids=ids[:1], type="deep", max_credits=2))
    assert other.body_hash != order.body_hash


async def test_a_refresh_of_leads_is_of_one_business_and_of_what_is_there(
    api: Any, member: Member, five: list[Lead]
) -> None:
    nothing: Any = None
    refresh_leads = RefreshLeads(api.leads, nothing, unchanged_within=timedelta(minutes=5))
    api.leads.add(member.account_id, lead(7, business_profile_id=derived_id("another")))
    for ids, kind, code in (
        ([five[0].lead_id, derived_id("lead", 7)], "light", "invalid_request"),
        ([derived_id("lead", 9), derived_id("nobody")], "light", "lead_not_found"),
        ([five[0].lead_id], "psychic", "unknown_type"),
    ):
        with pytest.raises(OsliraError) as caught:
            await refresh_leads.order(member, LeadsRefresh(lead_ids=ids, type=kind))
        assert caught.value.code == code


async def test_anothers_lead_is_not_there(client: httpx.AsyncClient, five: list[Lead]) -> None:
    for thing in (derived_id("lead", 9), derived_id("nobody"), "nonsense"):
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/analyses"), ("POST", "/restore")):
            answer = await client.request(method, f"/v1/leads/{thing}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "lead_not_found")


async def test_the_history_of_a_lead_is_paged_newest_first(
    api: Any, client: httpx.AsyncClient, five: list[Lead]
) -> None:
    lead_id = five[0].lead_id
    api.leads.history[lead_id] = [
        LeadAnalysis(
            derived_id(hour), derived_id("run"), AnalysisType.LIGHT, hour, 1, {}, NOW + timedelta(hours=hour)
        )
        for hour in range(3)
    ]
    first = (await client.get(f"/v1/leads/{lead_id}/analyses", params={"limit": 2})).json()
    params = {"limit": 2, "cursor": first["next_cursor"]}
    rest = (await client.get(f"/v1/leads/{lead_id}/analyses", params=params)).json()
    assert [one["score"] for one in first["items"] + rest["items"]] == [2, 1, 0]
    assert rest["next_cursor"] is None


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


HOSTILE = [
    "=HYPERLINK('https://evil.example','x')",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
]


@pytest.mark.parametrize("cell", HOSTILE, ids=ascii)
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"
    if cell[0] not in "\t\r\n":
        assert safe_cell(f"x{cell}") == f"x{cell}"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "\n", "\r\n"], ids=ascii)
@pytest.mark.parametrize("cell", [text for text in HOSTILE if text[0] not in "\t\r\n"], ids=ascii)
def test_no_separator_of_any_spreadsheet_begins_a_formula(cell: str, separator: str) -> None:
    for text in (
        f"J{separator}{cell}",
        f"J{separator} {cell}",
        f'J{separator}"{cell}"',
        f"J{separator}\u200b{cell}",
    ):
        parts = re.split(re.escape(separator), safe_cell(text))
        assert all(part.lstrip(' "\u200b')[:1] not in {"=", "+", "-", "@", "\uff1d"} for part in parts), text


def test_plain_text_is_left_as_it_is() -> None:
    for text in ("Ana Lima", "a-b, c", "x@y.example; z", "1 + 1 = 2", "https://a.example/?b=c,d"):
        assert safe_cell(text) == text


async def test_the_file_has_contact_data_that_no_spreadsheet_runs(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    shown = lead(
        1,
        is_verified=True,
        links=["https://crumb.example", "https://wa.me/351912345678"],
        emails=["=cmd@evil.example", "hello@crumb.example"],
        phones=["+351 912 345 678", "+351 21 000 00 00"],
        summary="A bakery;=1+1",
    )
    api.leads.add(member.account_id, shown)
    answer = await client.get("/v1/leads/export.csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["links"] == "https://crumb.example / https://wa.me/351912345678"
    assert row["emails"] == "'=cmd@evil.example / hello@crumb.example"
    assert row["phones"] == "'+351 912 345 678 / +351 21 000 00 00"
    assert (row["tier"], row["verified"], row["summary"]) == ("nano", "true", "A bakery;'=1+1")


async def test_the_file_is_safe_whole_and_filtered(
    api: Any, client: httpx.AsyncClient, member: Member, five: list[Lead]
) -> None:
    for number, cell in enumerate(HOSTILE, start=50):
        api.leads.add(member.account_id, lead(number, full_name=cell, category=f'{cell}, "quoted"'))
    api.leads.names[BUSINESS] = "=Studio"
    answer = await client.get("/v1/leads/export.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="leads.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbfusername,")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["username"] for row in rows] == sorted(row["username"] for row in rows)
    assert len(rows) == 5 + len(HOSTILE)
    assert {row["full_name"] for row in rows[5:]} == {f"'{cell}" for cell in HOSTILE}
    assert {row["business_profile"] for row in rows} == {"'=Studio"}
    assert all(UUID(row["lead_id"]) for row in rows)
    few = (await client.get("/v1/leads/export.csv", params={"score_max": 2})).text.splitlines()
    assert len(few) == 1 + 2
    answer = await client.get("/v1/leads/export.csv", params={"score_max": 101})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
