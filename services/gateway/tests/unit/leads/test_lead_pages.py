"""Lists of leads: filters, orders, cursors; one lead and its history."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.lead import Lead, LeadAnalysis
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.ids import derived_id
from sample_leads import NOW


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
