"""Requests that no client of ours sends: each is answered with a problem, never with a 500 or with our internals."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from oslira_gateway.identity.caller import Member

BOMB = b"[" * 20_000 + b"]" * 20_000
OBJECT_BOMB = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
BUSINESS = b'"business_profile_id": "01a2043a-40d1-77fb-9a74-47f80fe61e20"'


@pytest_asyncio.fixture
async def client(api: Any, member: Member) -> AsyncGenerator[httpx.AsyncClient]:
    headers = api.join(member) | {"content-type": "application/json"}
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        yield client


def assert_problem(response: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert response.status_code in statuses, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    body = response.json()
    assert body["status"] == response.status_code
    for internal in ("Traceback", "site-packages", "pydantic", "msgspec", "asyncpg", "litestar"):
        assert internal not in response.text
    return body


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BOMB, id="deep-arrays"),
        pytest.param(OBJECT_BOMB, id="deep-objects"),
        pytest.param(b'{"max_age": ' + b"9" * 5_000 + b"}", id="huge-number"),
        pytest.param(b'{"max_age": 1e400, "username": "a"}', id="infinite-number"),
        pytest.param(b'{"max_age": NaN}', id="nan"),
        pytest.param(b'{"max_age": -Infinity}', id="infinity"),
        pytest.param(b'{"username": "a", "username": "b"}', id="duplicate-keys"),
        pytest.param(b'{"username": "\\ud800", "type": "light", ' + BUSINESS + b"}", id="half-surrogate"),
        pytest.param(b'{"username": "\xed\xa0\x80"}', id="surrogate-bytes"),
        pytest.param(b'\xff\xfe{\x00"\x00', id="utf-16"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte-order-mark"),
        pytest.param(b'{"username": "a"} trailing', id="trailing"),
        pytest.param(b'{"username": "a\x00b"}', id="nul"),
        pytest.param(b'{"name": "\\u0000", "context": {"name": "a\\u0000b"}}', id="escaped-nul"),
        pytest.param(b'{"name": {"\\u0000": 1}}', id="nul-in-a-key"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/analyses", "/v1/business-profiles"])
async def test_json_that_is_none_is_a_problem(client: httpx.AsyncClient, path: str, body: bytes) -> None:
    assert_problem(await client.post(path, content=body), 400, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/runs?limit=99999999999999999999999",
        "/v1/runs?limit=1e3",
        "/v1/runs?limit=1&limit=2&limit=x",
        "/v1/runs?cursor=%00",
        "/v1/runs?cursor=%ff%fe",
        "/v1/runs?status=%F0%9F%92%A9",
        "/v1/runs/%00",
        "/v1/runs/%ff",
        "/v1/leads?q=%00",
        "/v1/invitations/%00/accept",
        "/v1/runs/..%2f..%2fetc",
        "/v1/runs/" + "a" * 5_000,
        "/v1//runs",
        "/schema/nothing.json",
    ],
)
async def test_addresses_that_mean_nothing_are_problems(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code in {200, 400, 404}, response.text[:300]
    if response.status_code != 200:
        assert_problem(response, 400, 404)


async def test_a_body_without_a_length_is_limited_too(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    assert (
        assert_problem(await client.post("/v1/analyses", content=endless()), 413)["code"] == "body_too_large"
    )


async def test_a_body_that_does_not_arrive_ends_in_time(api: Any, member: Member) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    api.request_timeout_s = 0.05
    headers = api.join(member) | {"content-type": "application/json"}
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert (
            assert_problem(await client.post("/v1/analyses", headers=headers, content=slow()), 503)["code"]
            == "timeout"
        )


@pytest.mark.parametrize("method", ["HEAD", "TRACE", "PROPFIND", "PURGE"])
async def test_methods_that_are_not_taken_are_named(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/v1/plans")
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]


async def test_values_in_errors_are_not_repeated(client: httpx.AsyncClient) -> None:
    body = {
        "username": ["person.of.interest"],
        "type": "light",
        "business_profile_id": "x",
        "secret": "hunter2",
    }
    response = await client.post("/v1/analyses", content=json.dumps(body))
    assert_problem(response, 400)
    assert "person.of.interest" not in response.text
    assert "hunter2" not in response.text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x-large": "x" * 40_000}, id="one-large"),
        pytest.param({f"x-{n}": "1" for n in range(150)}, id="many"),
    ],
)
async def test_headers_without_end_are_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    body = assert_problem(await client.get("/v1/plans", headers=headers), 431)
    assert body["code"] == "headers_too_large"


async def test_a_query_without_end_is_refused(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/v1/plans?q=" + "x" * 40_000), 431)


async def test_a_caller_who_goes_away_in_the_middle_of_a_body_is_no_failure_of_ours(
    api: Any, member: Member
) -> None:
    sent = list[dict[str, Any]]()
    headers = api.join(member) | {"content-type": "application/json", "content-length": "10"}
    incoming = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/analyses",
        "raw_path": b"/v1/analyses",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 1),
        "server": ("gateway", 80),
    }
    await api.app(scope, receive, send)
    assert sent[0]["status"] == 400
