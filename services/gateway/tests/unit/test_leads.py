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
from oslira_shared.contracts.analysis.v1 import AnalysisType
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
        "category": None,
        "score": number % 100,
        "type": AnalysisType.LIGHT,
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
