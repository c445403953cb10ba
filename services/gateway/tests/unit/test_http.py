"""The application over in-memory adapters: authentication and its routes."""

from typing import Any

import httpx
import pytest
from http_answers import assert_problem, client_of
from oslira_devstack.make_user import sign_token
from oslira_gateway.identity.caller import Member
from oslira_gateway.streams.tickets import Follower
from oslira_shared.ids import new_id

ORIGIN = "https://app.example"
SECRET = "a secret that is long enough for HS256, and for HS512 in one test too"

# Fixed: the names of parametrised tests must be the same in every process.
UNKNOWN_ID = "01a2043a-40d1-77fb-9a74-47f80fe61e20"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/analyses"),
        ("GET", "/v1/runs"),
        ("GET", f"/v1/runs/{UNKNOWN_ID}"),
        ("GET", "/v1/credits/balance"),
        ("GET", "/v1/me"),
        ("GET", "/v1/business-profiles"),
        ("GET", f"/v1/business-profiles/{UNKNOWN_ID}"),
        ("POST", "/v1/business-profiles"),
    ],
)
async def test_without_a_token_nothing_is_open(client: httpx.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path)
    assert_problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_only_what_says_so_is_public(api: Any) -> None:
    open_routes = set[str]()
    async with client_of(api.app) as client:
        schema = (await client.get("/schema/openapi.json")).json()
        for path, item in schema["paths"].items():
            for method in item:
                response = await client.request(method, path.replace("{", "").replace("}", ""))
                if response.status_code != 401:
                    open_routes.add(path)
    assert open_routes == {"/v1/plans", "/v1/analyses/anonymous"}


async def test_a_member_works_in_their_account(api: Any, client: httpx.AsyncClient, member: Member) -> None:
    headers = api.join(member)
    assert (await client.get("/v1/credits/balance", headers=headers)).json() == {
        "available": 7,
        "held": 1,
        "frozen": 2,
        "debt": 3,
        "grants": [],
    }
    me = (await client.get("/v1/me", headers=headers)).json()
    assert (me["user_id"], me["accounts"][0]["account_id"]) == (
        str(member.caller.user_id),
        str(member.account_id),
    )


async def test_another_account_is_not_found(
    api: Any, client: httpx.AsyncClient, member: Member, stranger: Member
) -> None:
    headers = api.join(member) | {"x-account-id": str(stranger.account_id)}
    assert_problem(await client.get("/v1/runs", headers=headers), 404, "account_not_found")


async def test_a_user_without_account_reads_me_and_nothing_else(
    client: httpx.AsyncClient, member: Member
) -> None:
    token = sign_token(SECRET, user_id=member.caller.user_id, email="a@example.com")
    headers = {"authorization": f"Bearer {token}"}
    assert (await client.get("/v1/me", headers=headers)).json()["accounts"] == []
    assert_problem(await client.get("/v1/runs", headers=headers), 403, "no_account")


async def order(client: httpx.AsyncClient, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await client.post(
        "/v1/analyses", headers=headers, json={"username": "natgeo", "type": "light", **body}
    )


async def test_an_analysis_is_accepted_polled_and_returned_again(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    headers, profile = api.join(member), new_id()
    api.requests.businesses[profile] = member.account_id
    accepted = await order(client, headers, business_profile_id=str(profile))
    assert accepted.status_code == 202
    body = accepted.json()
    assert body.keys() == {"run_id", "status", "poll_url", "events_url"}
    polled = await client.get(body["poll_url"], headers=headers)
    assert (polled.status_code, polled.headers["retry-after"]) == (200, "2")
    assert polled.json()["credits"] == {"held": 1, "charged": 0, "released": 0}
    assert polled.json()["source"] == "database"
    revalidated = await client.get(
        body["poll_url"], headers=headers | {"if-none-match": polled.headers["etag"]}
    )
    assert (revalidated.status_code, revalidated.content) == (304, b"")
    again = await order(client, headers, business_profile_id=str(profile))
    assert (again.status_code, again.json()["run_id"]) == (200, body["run_id"])
    assert again.json()["events_url"]


async def test_runs_are_listed_by_page(api: Any, client: httpx.AsyncClient, member: Member) -> None:
    headers, profile = api.join(member), new_id()
    api.requests.businesses[profile] = member.account_id
    for name in ("one", "two", "three"):
        await order(client, headers, business_profile_id=str(profile), username=name)
    first = (await client.get("/v1/runs?limit=2&status=queued", headers=headers)).json()
    rest = (await client.get(f"/v1/runs?cursor={first['next_cursor']}", headers=headers)).json()
    assert [item["username"] for item in first["items"] + rest["items"]] == ["three", "two", "one"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"type": "medium"}, 422, "unknown_type"),
        ({"username": "two names"}, 422, "invalid_username"),
        ({"business_profile_id": str(new_id())}, 404, "business_profile_not_found"),
        ({"business_profile_id": 7}, 400, "invalid_request"),
        ({"max_age": "soon"}, 400, "invalid_request"),
        ({"max_age": True}, 400, "invalid_request"),
        ({"max_age": -1}, 400, "invalid_request"),
        ({"surprise": 1}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_order_is_a_problem_and_leaves_nothing(  # noqa: PLR0917
    api: Any, client: httpx.AsyncClient, member: Member, body: dict[str, Any], status: int, code: str
) -> None:
    headers, profile = api.join(member), new_id()
    api.requests.businesses[profile] = member.account_id
    response = await order(client, headers, **{"business_profile_id": str(profile), **body})
    assert_problem(response, status, code)
    assert (api.runs.rows, api.holds.held) == ({}, {})


async def test_short_of_credits_is_402_with_need_and_balance(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    headers, profile = api.join(member), new_id()
    api.requests.businesses[profile] = member.account_id
    api.holds.available = 0
    body = assert_problem(
        await order(client, headers, business_profile_id=str(profile)), 402, "insufficient_credits"
    )
    assert (body["need"], body["balance"]) == (1, 0)


async def test_the_bus_being_down_is_503_with_retry_after(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    headers, profile = api.join(member), new_id()
    api.requests.businesses[profile] = member.account_id
    api.holds.is_down = True
    response = await order(client, headers, business_profile_id=str(profile))
    assert_problem(response, 503, "unavailable")
    assert response.headers["retry-after"] == "2"


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
async def test_a_key_that_is_none_is_refused(
    api: Any, client: httpx.AsyncClient, member: Member, key: str
) -> None:
    headers = api.join(member) | {"idempotency-key": key}
    response = await order(client, headers, business_profile_id=str(new_id()))
    assert_problem(response, 400, "invalid_request")


@pytest.mark.parametrize(
    ("sent", "is_kept"), [("abc-123", True), ("x" * 65, False), ("a b", False), ("a\tb", False)]
)
async def test_sane_request_ids_are_kept(client: httpx.AsyncClient, sent: str, is_kept: bool) -> None:  # noqa: FBT001
    response = await client.get("/v1/plans", headers={"x-request-id": sent})
    assert (response.headers["x-request-id"] == sent) is is_kept


async def test_only_listed_origins_may_read_answers(client: httpx.AsyncClient) -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    listed = await client.options("/v1/analyses", headers={"origin": ORIGIN, **preflight})
    assert (listed.status_code, listed.headers["access-control-allow-origin"]) == (204, ORIGIN)
    for origin in ("https://evil.example", f"{ORIGIN}.evil.example", "null"):
        refused = await client.options("/v1/analyses", headers={"origin": origin, **preflight})
        assert refused.status_code == 400
        answer = await client.get("/v1/plans", headers={"origin": origin})
        assert "access-control-allow-origin" not in answer.headers
    error = await client.get("/v1/runs", headers={"origin": ORIGIN})
    assert error.headers["access-control-allow-origin"] == ORIGIN


async def test_health_answers_without_a_token(api: Any, client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get("/health/ready")).json()["status"] == "ok"
    api.health.is_draining = True
    assert (await client.get("/health/ready")).status_code == 503


async def test_plans_are_public(client: httpx.AsyncClient) -> None:
    body = (await client.get("/v1/plans")).json()
    growth = {"plan": "growth", "monthly_credits": 250, "trial_credits": 25, "credits_expire": "never"}
    assert {**growth, "max_running": 2, "weight": 2} in body["plans"]
    assert {"pack": "pack_100", "credits": 100, "credits_expire": "never"} in body["packs"]
    assert {"type": "light", "price_credits": 1, "fresh_for_s": 86400} in body["prices"]


async def test_business_profiles_are_kept_by_account(
    api: Any, client: httpx.AsyncClient, member: Member, stranger: Member
) -> None:
    mine, theirs = api.join(member), api.join(stranger)
    body = {"name": "Studio", "ideal_customer": {"followers_min": 10, "signals": ["sells"]}}
    created = await client.post("/v1/business-profiles", headers=mine, json=body)
    assert created.status_code == 201
    location = created.headers["location"]
    assert (await client.get(location, headers=mine)).json() == created.json()
    assert_problem(await client.get(location, headers=theirs), 404, "business_profile_not_found")
    assert len((await client.get("/v1/business-profiles", headers=mine)).json()["items"]) == 1
    assert (await client.get("/v1/business-profiles", headers=theirs)).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "  "},
        {"name": "x" * 121},
        {"name": "a\x00b"},
        {"name": "a", "ideal_customer": {"followers_min": 2, "followers_max": 1}},
        {"name": "a", "ideal_customer": {"followers_min": -1}},
        {"name": "a", "ideal_customer": {"followers_min": True}},
        {"name": "a", "ideal_customer": {"signals": ["x"] * 13}},
        {"name": "a", "colour": "red"},
    ],
)
async def test_a_business_that_no_prompt_can_contain_is_rejected(
    api: Any, client: httpx.AsyncClient, member: Member, body: dict[str, Any]
) -> None:
    response = await client.post("/v1/business-profiles", headers=api.join(member), json=body)
    assert_problem(response, 400, "invalid_request")


async def test_an_account_has_so_many_streams(api: Any, client: httpx.AsyncClient, member: Member) -> None:
    headers, profile = api.join(member), new_id()
    api.requests.businesses[profile] = member.account_id
    events_url = (await order(client, headers, business_profile_id=str(profile))).json()["events_url"]
    for number in range(2):
        follower = Follower(member.account_id, new_id())
        api.streams.admit(follower, counted_as=member.account_id, network=number)
    response = await client.get(events_url)
    assert_problem(response, 429, "too_many_streams")


async def test_options_lists_every_method_of_an_address(client: httpx.AsyncClient) -> None:
    answer = await client.options("/v1/business-profiles")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, OPTIONS, POST")
    refused = await client.delete("/v1/business-profiles")
    assert {method.strip() for method in refused.headers["allow"].split(",")} == {"GET", "OPTIONS", "POST"}


async def test_a_sign_out_ends_its_tokens_and_may_be_repeated(
    api: Any, client: httpx.AsyncClient, member: Member, stranger: Member
) -> None:
    headers, others = api.join(member), api.join(stranger)
    statuses = [(await client.post("/v1/sign-out", headers=headers)).status_code for _ in range(2)]
    assert statuses == [204, 204]
    for path in ("/v1/me", "/v1/runs"):
        assert_problem(await client.get(path, headers=headers), 401, "signed_out")
        assert (await client.get(path, headers=others)).status_code == 200
