"""`/v1/webhook-endpoints` over HTTP, on a real Postgres under row-level security."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import UserClient
from receiver import receiving

URL = "https://hooks.example/oslira"


async def created(http: httpx.AsyncClient, person: Any, **more: Any) -> dict[str, Any]:
    answer = await http.post("/webhook-endpoints", json={"url": URL, **more}, headers=person.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_endpoint_from_its_beginning_to_its_end(hooks: Any, http: httpx.AsyncClient) -> None:
    person = await hooks.person("admin")
    made = await created(http, person, description="staging", event_types=["run.failed", "run.failed"])
    assert made["secret"].startswith("whsec_")
    endpoint = made["webhook_endpoint"]
    assert endpoint["event_types"] == ["run.failed"]
    path = f"/webhook-endpoints/{endpoint['webhook_endpoint_id']}"

    listed = (await http.get("/webhook-endpoints", headers=person.headers)).json()
    assert listed == {"items": [endpoint], "next_cursor": None}
    assert "secret" not in (await http.get(path, headers=person.headers)).text.replace("_secret_", "")

    change = {"url": "https://hooks.example/other", "event_types": ["bulk.ended"], "description": ""}
    changed = (await http.patch(path, json=change, headers=person.headers)).json()
    assert (changed["url"], changed["event_types"], changed["description"]) == (
        change["url"],
        ["bulk.ended"],
        None,
    )
    rotated = (await http.post(f"{path}/rotate-secret", headers=person.headers)).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["webhook_endpoint"]["previous_secret_valid_until"]

    paused = (await http.post(f"{path}/pause", headers=person.headers)).json()
    assert (paused["status"], paused["status_reason"]) == ("paused", "by_owner")
    refused = await http.post(f"{path}/test", headers=person.headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert (await http.post(f"{path}/resume", headers=person.headers)).json()["status"] == "active"

    assert (await http.delete(path, headers=person.headers)).status_code == 204
    assert (await http.get(path, headers=person.headers)).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "ftp://hooks.example/"}, 422, "invalid_webhook_url"),
        ({"url": "https://169.254.169.254/"}, 422, "invalid_webhook_url"),
        ({"url": URL, "event_types": ["run.started"]}, 400, "invalid_request"),
        ({"url": URL, "event_types": []}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_endpoint_is_a_problem(
    hooks: Any, http: httpx.AsyncClient, body: dict[str, Any], status: int, code: str
) -> None:
    person = await hooks.person()
    answer = await http.post("/webhook-endpoints", json=body, headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_account_has_ten_at_most_however_many_are_asked_for_at_once(
    hooks: Any, http: httpx.AsyncClient
) -> None:
    person = await hooks.person()
    answers = await asyncio.gather(
        *(http.post("/webhook-endpoints", json={"url": URL}, headers=person.headers) for _ in range(14))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 4


async def test_what_was_sent_is_listed_and_sent_again(hooks: Any, http: httpx.AsyncClient) -> None:
    person = await hooks.person()
    async with receiving(answer=lambda n: "500 No" if n == 0 else "200 OK") as receiver:
        made = await created(http, person, url=receiver.url)
        path = f"/webhook-endpoints/{made['webhook_endpoint']['webhook_endpoint_id']}"
        sent = (await http.post(f"{path}/test", headers=person.headers)).json()
        assert (sent["event_type"], sent["status"]) == ("ping", "pending")
        replay = f"{path}/deliveries/{sent['delivery_id']}/replay"
        assert (await http.post(replay, headers=person.headers)).status_code == 409
        async with hooks.sender() as queues:
            await queues.wake_all()
            await receiver.wait_for(1)
        [failed] = (await http.get(f"{path}/deliveries", headers=person.headers)).json()["items"]
        assert (failed["tries"], failed["response_status"], failed["problem"]["code"]) == (1, 500, "status")
        assert failed["next_try_at"] > failed["last_tried_at"]
        # Not to wait for the next try: pause and resume make it due at once.
        for step in ("pause", "resume"):
            await http.post(f"{path}/{step}", headers=person.headers)
        async with hooks.sender() as queues:
            await queues.wake_all()
            await receiver.wait_for(2)
        by_status = f"{path}/deliveries?status=delivered"
        [delivered] = (await http.get(by_status, headers=person.headers)).json()["items"]
        assert (delivered["tries"], delivered["problem"], delivered["response_status"]) == (2, None, 200)
        again = await http.post(replay, headers=person.headers)
        assert (again.status_code, again.json()["status"]) == (202, "pending")
        async with hooks.sender() as queues:
            await queues.wake_all()
            received = await receiver.wait_for(3)
        assert {one.headers["webhook-id"] for one in received} == {sent["event_id"]}
        assert {one.body for one in received} == {received[0].body}
        assert received[2].verified(made["secret"])["type"] == "ping"


async def test_deliveries_are_paged(hooks: Any, http: httpx.AsyncClient) -> None:
    person = await hooks.person()
    made = await created(http, person)
    path = f"/webhook-endpoints/{made['webhook_endpoint']['webhook_endpoint_id']}"
    ids = [(await http.post(f"{path}/test", headers=person.headers)).json()["delivery_id"] for _ in range(3)]
    first = (await http.get(f"{path}/deliveries?limit=2", headers=person.headers)).json()
    rest = (
        await http.get(f"{path}/deliveries?limit=2&cursor={first['next_cursor']}", headers=person.headers)
    ).json()
    assert [one["delivery_id"] for one in (*first["items"], *rest["items"])] == ids[::-1]
    assert rest["next_cursor"] is None


async def test_another_accounts_endpoint_is_not_found(hooks: Any, http: httpx.AsyncClient) -> None:
    owner, other = await hooks.person(), await hooks.person()
    mine = (await created(http, owner))["webhook_endpoint"]["webhook_endpoint_id"]
    theirs = (await created(http, other))["webhook_endpoint"]["webhook_endpoint_id"]
    sent = (await http.post(f"/webhook-endpoints/{mine}/test", headers=owner.headers)).json()
    replay = f"deliveries/{sent['delivery_id']}/replay"
    for method, path in (
        ("GET", mine),
        ("PATCH", mine),
        ("DELETE", mine),
        ("POST", f"{mine}/rotate-secret"),
        ("POST", f"{mine}/pause"),
        ("POST", f"{mine}/resume"),
        ("POST", f"{mine}/test"),
        ("GET", f"{mine}/deliveries"),
        ("POST", f"{mine}/{replay}"),
        ("POST", f"{theirs}/{replay}"),
        ("GET", str(new_id())),
        ("GET", "no-id"),
    ):
        body = {"description": "x"} if method == "PATCH" else None
        answer = await http.request(method, f"/webhook-endpoints/{path}", headers=other.headers, json=body)
        assert answer.status_code == 404, f"{method} {path}"
    listed = (await http.get("/webhook-endpoints", headers=other.headers)).json()["items"]
    assert [one["webhook_endpoint_id"] for one in listed] == [theirs]
    untouched = (await http.get(f"/webhook-endpoints/{mine}", headers=owner.headers)).json()
    assert (untouched["status"], untouched["previous_secret_valid_until"]) == ("active", None)


async def test_members_who_manage_nothing_see_nothing(hooks: Any, http: httpx.AsyncClient) -> None:
    member = await hooks.person("member")
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{new_id()}"), ("POST", f"/{new_id()}/test")):
        body = {"url": URL} if (method, path) == ("POST", "") else None
        answer = await http.request(method, f"/webhook-endpoints{path}", headers=member.headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_no_user_reads_a_secret_or_another_accounts_row(hooks: Any, http: httpx.AsyncClient) -> None:
    owner, other = await hooks.person(), await hooks.person()
    mine = (await created(http, owner))["webhook_endpoint"]["webhook_endpoint_id"]
    await http.post(f"/webhook-endpoints/{mine}/test", headers=owner.headers)
    for person, count in ((owner, 1), (other, 0)):
        claims = person.member.caller.claims
        for table in ("webhook_endpoints", "webhook_deliveries"):
            async with UserClient(hooks.pool, claims=claims).transaction() as connection:
                assert await connection.fetchval(f"select count(id) from identity.{table}") == count
        for statement in (
            "select sealed_secret from identity.webhook_endpoints",
            "update identity.webhook_endpoints set state = state",
            "delete from identity.webhook_deliveries",
            "select from identity.webhook_cursors",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with UserClient(hooks.pool, claims=claims).transaction() as connection:
                    await connection.execute(statement)
