"""Business profiles over HTTP: ETags, patches, rejected requests."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from oslira_gateway.identity.caller import Member

PATH = "/v1/business-profiles"
BODY: dict[str, Any] = {
    "name": "Studio",
    "offer": "Photos",
    "ideal_customer": {"signals": ["sells"], "followers_min": 100},
}


@pytest_asyncio.fixture
async def client(api: Any, member: Member) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    headers = api.join(member)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        yield client


@pytest_asyncio.fixture
async def path(client: httpx.AsyncClient) -> str:
    made = await client.post(PATH, json=BODY)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    return made.headers["location"]


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_change_names_the_version_it_was_made_on(client: httpx.AsyncClient, path: str) -> None:
    body = {**BODY, "offer": "Films"}
    assert problem(await client.put(path, json=body)) == (428, "version_required")
    for stale in ('"7"', "nonsense", '"0"', ""):
        assert problem(await client.put(path, json=body, headers={"if-match": stale})) == (
            412,
            "version_conflict",
        )
    tag = (await client.get(path)).headers["etag"]
    changed = await client.put(path, json=body, headers={"if-match": tag})
    assert (changed.status_code, changed.headers["etag"], changed.json()["offer"]) == (200, '"2"', "Films")
    late = await client.put(path, json=BODY, headers={"if-match": tag})
    assert problem(late) == (412, "version_conflict")
    assert late.json()["version"] == 2
    assert (await client.put(path, json=BODY, headers={"if-match": "*"})).headers["etag"] == '"3"'
    versions = (await client.get(f"{path}/versions", params={"limit": 2})).json()
    assert [one["version"] for one in versions["items"]] == [3, 2]
    rest = await client.get(f"{path}/versions", params={"cursor": versions["next_cursor"]})
    assert [(one["version"], one["offer"]) for one in rest.json()["items"]] == [(1, "Photos")]


async def test_a_patch_changes_what_it_names(client: httpx.AsyncClient, path: str) -> None:
    patch = {"offer": None, "ideal_customer": {"location": "Porto", "followers_min": None}}
    changed = await client.patch(path, json=patch, headers={"if-match": '"1"'})
    assert changed.status_code == 200, changed.text
    body = changed.json()
    assert (body["name"], body["offer"], body["version"]) == ("Studio", None, 2)
    wanted = body["ideal_customer"]
    assert (wanted["location"], wanted["signals"], wanted["followers_min"]) == ("Porto", ["sells"], None)
    headers = {"if-match": 'W/"2"', "content-type": "application/merge-patch+json"}
    assert (await client.patch(path, content=b'{"tone": "warm"}', headers=headers)).json()["tone"] == "warm"


@pytest.mark.parametrize(
    "patch",
    [
        {"name": None},
        {"name": " "},
        {"nonsense": 1},
        {"ideal_customer": {"followers_max": 99}},
        {"ideal_customer": {"followers_min": "5"}},
        {"ideal_customer": {"signals": ["x"] * 13}},
        {"offer": "x" * 2001},
        {"tone": "a\u0000b"},
    ],
    ids=str,
)
async def test_a_patch_that_makes_no_business_is_refused(
    client: httpx.AsyncClient, path: str, patch: dict[str, Any]
) -> None:
    answer = await client.patch(path, json=patch, headers={"if-match": "*"})
    assert problem(answer) == (400, "invalid_request")
    assert answer.json()["errors"]
    assert (await client.get(path)).json()["version"] == 1


async def test_a_profile_goes_and_comes_back(client: httpx.AsyncClient, path: str) -> None:
    assert problem(await client.delete(path, headers={"if-match": '"5"'})) == (412, "version_conflict")
    assert (await client.delete(path)).status_code == 204
    gone = (404, "business_profile_not_found")
    assert problem(await client.get(path)) == gone
    assert problem(await client.delete(path)) == gone
    assert problem(await client.get(f"{path}/versions")) == gone
    for method in ("PUT", "PATCH"):
        assert problem(await client.request(method, path, json=BODY, headers={"if-match": "*"})) == gone
    restored = await client.post(f"{path}/restore")
    assert (restored.status_code, restored.headers["etag"]) == (200, '"1"')
    assert (await client.get(path)).status_code == 200


async def test_anothers_profile_is_not_there(
    api: Any, client: httpx.AsyncClient, path: str, stranger: Member
) -> None:
    headers = api.join(stranger) | {"if-match": "*"}
    calls = [
        ("GET", ""),
        ("PUT", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/restore"),
        ("GET", "/versions"),
    ]
    for method, more in calls:
        body = BODY if method in {"PUT", "PATCH"} else None
        answer = await client.request(method, f"{path}{more}", json=body, headers=headers)
        assert problem(answer) == (404, "business_profile_not_found"), method
