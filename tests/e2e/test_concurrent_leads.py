"""Several leads in one request: deleted, restored and refreshed, each with its outcome."""

import asyncio
import uuid
from typing import Any

import asyncpg
from oslira_devstack.access import access_to
from oslira_devstack.servers.s3 import s3_client
from oslira_devstack.stack import Stack
from people import Person, differences, eventually, foreign_id, person


async def _leads(user: Person, count: int) -> dict[str, str]:
    """New leads: id by username."""
    mark = uuid.uuid4().hex[:8]
    order = {
        "usernames": [f"lead.{mark}.{number}" for number in range(count)],
        "type": "light",
        "business_profile_id": str(user.who.business_profile_id),
    }
    answer = await user.client.http.post("/v1/analyses/bulk", json=order)
    assert answer.status_code == 202, answer.text
    await _ended(user, answer.json()["bulk_id"])
    items = (await user.client.http.get("/v1/leads", params={"q": mark})).json()["items"]
    assert len(items) == count
    return {lead["username"]: lead["lead_id"] for lead in items}


async def _ended(user: Person, bulk_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        bulk: dict[str, Any] = (await user.client.http.get(f"/v1/bulk/{bulk_id}")).json()
        return bulk if bulk["status"] != "running" and not bulk["credits"]["held"] else None

    return await eventually(look, timeout_s=60)


async def _sent(user: Person, path: str, *, status: int = 200, key: str = "", **body: Any) -> dict[str, Any]:
    headers = {"idempotency-key": key} if key else {}
    answer = await user.client.http.post(f"/v1/leads/{path}", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _let_time_pass(stack: Stack, usernames: list[str]) -> None:
    """Six minutes since the profiles were fetched: none of them is young enough in the cache."""
    client = s3_client(stack.servers.s3.endpoint_url, stack.credentials)
    for name in usernames:
        await asyncio.to_thread(
            client.delete_object, Bucket=stack.servers.s3.bucket, Key=f"profiles/v1/{name}.json"
        )
    access = access_to(stack.describe(), stack.credentials)
    analysis = await asyncpg.connect(access.database_url("analysis_service"))
    try:
        await analysis.execute(
            """update analysis.scrapes set ended_at = ended_at - interval '6 minutes',
                 scraped_at = scraped_at - interval '6 minutes' where username = any($1)""",
            usernames,
        )
    finally:
        await analysis.close()


async def test_leads_that_were_deleted_together_come_back_together(stack: Stack) -> None:
    async with person(stack, available_credits=10) as user, person(stack, available_credits=10) as other:
        leads, theirs = await _leads(user, 3), await _leads(other, 1)
        ids = [*leads.values(), *theirs.values(), str(foreign_id())]
        expected = ["deleted"] * 3 + ["not_found"] * 2
        # Sent twice at the same time, as a browser does after a double click.
        answers = await asyncio.gather(*(_sent(user, "delete", lead_ids=ids) for _ in range(2)))
        for answer in answers:
            assert [item["outcome"] for item in answer["items"]] == expected
        assert (await user.client.http.get("/v1/leads")).json()["items"] == []
        assert len((await other.client.http.get("/v1/leads")).json()["items"]) == 1
        # One of them is analysed again meanwhile: its new lead stays.
        name, first = next(iter(leads.items()))
        newer = await user.settled((await user.analyze(name))[1]["run_id"])
        back = await _sent(user, "restore", lead_ids=ids)
        assert [item["outcome"] for item in back["items"]] == [
            "replaced",
            "restored",
            "restored",
            "not_found",
            "not_found",
        ]
        assert (back["items"][0]["lead_id"], back["items"][0]["replaced_by"]) == (first, newer["lead_id"])
        assert back["changed"] == 2
        assert len((await user.client.http.get("/v1/leads")).json()["items"]) == 3
        # Of another account's lead nothing is said and nothing happens, also when it is deleted.
        assert (await _sent(user, "restore", lead_ids=[*theirs.values()]))["changed"] == 0


async def test_leads_are_refreshed_in_one_bulk_that_is_charged_once(stack: Stack) -> None:
    async with person(stack, available_credits=20) as user, person(stack, available_credits=5) as other:
        leads, theirs = await _leads(user, 2), await _leads(other, 1)
        ids = [*leads.values(), *theirs.values()]
        # Fetched a moment ago: what there is stands in, and nothing is charged.
        quote = await _sent(user, "refresh/quote", lead_ids=ids, type="light")
        assert (quote["new"], quote["cached"], quote["most_credits"]) == (0, 2, 0)
        await _let_time_pass(stack, [*leads])
        quote = await _sent(user, "refresh/quote", lead_ids=ids, type="light")
        assert (quote["new"], quote["cached"], quote["most_credits"]) == (2, 0, 2)
        assert [(line["line"], line["problem"]) for line in quote["rejected"]] == [(3, "lead_not_found")]
        before = (await user.client.balance())["available"]
        key = uuid.uuid4().hex
        answers = await asyncio.gather(
            *(_sent(user, "refresh", status=202, key=key, lead_ids=ids, type="light") for _ in range(3))
        )
        (bulk_id,) = {answer["bulk_id"] for answer in answers}
        bulk = await _ended(user, bulk_id)
        assert (bulk["counts"]["completed"], bulk["credits"]["charged"]) == (2, 2)
        # Under another key, or none: it is what was just done.
        again = await _ended(
            user, (await _sent(user, "refresh", status=202, lead_ids=ids, type="light"))["bulk_id"]
        )
        assert (again["counts"]["linked"], again["credits"]["charged"]) == (2, 0)
        assert (await user.client.balance())["available"] == before - 2
        for lead_id in leads.values():
            history = (await user.client.http.get(f"/v1/leads/{lead_id}/analyses")).json()["items"]
            assert len(history) == 2
            assert history[0]["result"]["changes"]["since"]
        # At most so many credits: the second is left out, and says so.
        await _let_time_pass(stack, [*leads])
        less = await _sent(
            user, "refresh", status=202, lead_ids=[*leads.values()], type="light", max_credits=1
        )
        assert [line["problem"] for line in less["bulk"]["rejected"]] == ["over_max_credits"]
        await _ended(user, less["bulk_id"])
        answer = await user.client.http.post(
            "/v1/leads/refresh", json={"lead_ids": [*theirs.values()], "type": "light"}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "lead_not_found")
    assert await differences(stack) == []
