"""Every route rejects parameters and fields that it does not read."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import httpx
import pytest_asyncio
from http_answers import assert_problem
from oslira_devstack.stack import Stack
from people import person

_ID = "01a2043a-40d1-77fb-9a74-47f80fe61e20"


@pytest_asyncio.fixture
async def member_client(stack: Stack) -> AsyncGenerator[httpx.AsyncClient]:
    async with person(stack) as user:
        yield user.client.http


async def operations(client: httpx.AsyncClient) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path with ids, the operation) of every route."""
    document = (await client.get("/schema/openapi.json")).json()
    return list(_operations(document))


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            filled = path
            while "{" in filled:
                filled = filled[: filled.index("{")] + _ID + filled[filled.index("}") + 1 :]
            yield method.upper(), filled, operation


def _parameter_names(operation: dict[str, Any], place: str) -> set[str]:
    return {one["name"] for one in operation.get("parameters", ()) if one.get("in") == place}


async def test_an_unknown_query_parameter_is_refused_by_every_route(member_client: httpx.AsyncClient) -> None:
    tried = 0
    for method, path, operation in await operations(member_client):
        response = await member_client.request(method, path, params={"scoer_min": "80"})
        if response.status_code in {401, 403, 404}:  # not one of this member's: nothing was read
            continue
        body = assert_problem(response, 400, "invalid_request")
        assert "scoer_min" not in _parameter_names(operation, "query")
        assert [error["key"] for error in body["errors"]] == ["scoer_min"], (method, path)
        tried += 1
    assert tried >= 40


async def test_a_query_parameter_that_comes_twice_is_refused(member_client: httpx.AsyncClient) -> None:
    for path in (
        "/v1/runs?limit=1&limit=2",
        "/v1/leads?order=asc&order=desc",
        "/v1/leads/export.csv?type=light&type=deep",
    ):
        body = assert_problem(await member_client.get(path), 400, "invalid_request")
        assert len(body["errors"]) == 1


async def test_a_known_query_is_taken(member_client: httpx.AsyncClient) -> None:
    for path in ("/v1/runs?limit=1", "/v1/leads?order=asc&sort=score&type=light&limit=5", "/v1/bulk?limit=2"):
        assert (await member_client.get(path)).status_code == 200, path


async def test_a_key_is_taken_or_refused_by_every_route_that_makes_something(
    member_client: httpx.AsyncClient,
) -> None:
    makes = 0
    for method, path, operation in await operations(member_client):
        if method != "POST" or not {"201", "202"} & operation["responses"].keys():
            continue
        if "Idempotency-Key" in _parameter_names(operation, "header"):
            makes += 1
            continue
        response = await member_client.post(path, headers={"Idempotency-Key": "once"}, json={})
        if response.status_code in {401, 403, 404}:
            continue
        body = assert_problem(response, 400, "invalid_request")
        assert "Idempotency-Key" in body["detail"], path
        makes += 1
    assert makes >= 8


async def test_unknown_body_fields_are_refused(member_client: httpx.AsyncClient) -> None:
    for path in (
        "/v1/webhook-endpoints",
        "/v1/billing/checkout",
        "/v1/billing/portal",
        "/v1/business-profiles",
    ):
        response = await member_client.post(path, json={"nonsense": 1})
        if response.status_code == 403:
            continue
        body = assert_problem(response, 400, "invalid_request")
        assert "nonsense" in str(body["errors"]), path
