"""From the request to the scored lead, over HTTP and the real services."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from oslira_shared.ids import derived_id, new_id


async def test_a_light_analysis_is_scored_charged_and_then_returned(world: Any) -> None:
    accepted = await world.post("@SomeBody")
    assert accepted.status_code == 202, accepted.text
    body = accepted.json()
    events = await world.all_events(body["events_url"])
    assert "live" in {event["source"] for event in events}
    assert events[-1]["status"] == "completed"
    assert events[-1]["result"]["score"] >= 0
    run = await world.ended(body["run_id"])
    assert run["credits"] == {"held": 0, "charged": 1, "released": 0}
    assert run["username"] == "somebody"
    assert await world.balance() == {"available": 19, "held": 0}
    again = await world.post("https://instagram.com/somebody/")
    assert (again.status_code, again.json()["run_id"]) == (200, body["run_id"])
    assert await world.balance() == {"available": 19, "held": 0}


async def test_ten_identical_requests_make_one_run_and_one_capture(world: Any) -> None:
    answers = await asyncio.gather(*(world.post() for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert [answer.status_code for answer in answers].count(202) == 1
    ids = {answer.json()["run_id"] for answer in answers}
    assert len(ids) == 1
    await world.ended(ids.pop())
    assert await world.runs() == 1
    assert await world.balance() == {"available": 19, "held": 0}


async def test_wrong_requests_leave_no_run_and_no_ledger_entry(world: Any) -> None:
    before = await world.transfers()
    foreign = str(world.stranger.made.business_profile_id)
    answers = [
        await world.post(type="medium"),
        await world.post("not a name"),
        await world.post(business_profile_id=foreign),
        await world.post(business_profile_id=str(new_id())),
        await world.http.post("/v1/analyses", json=world.user.order()["json"]),
        await world.http.post(
            "/v1/analyses",
            json=world.user.order()["json"],
            headers=world.user.headers | {"x-account-id": str(world.stranger.made.account_id)},
        ),
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [
        (422, "unknown_type"),
        (422, "invalid_username"),
        (404, "business_profile_not_found"),
        (404, "business_profile_not_found"),
        (401, "unauthenticated"),
        (404, "account_not_found"),
    ]
    assert all(a.headers["content-type"] == "application/problem+json" for a in answers)
    assert (await world.runs(), await world.transfers()) == (0, before)


async def test_no_more_runs_than_credits(world: Any) -> None:
    answers = await asyncio.gather(*(world.post(f"name{n}") for n in range(30)))
    short = [answer.json() for answer in answers if answer.status_code == 402]
    assert [answer.status_code for answer in answers].count(202) == 20
    assert len(short) == 10
    assert all((problem["need"], problem["balance"]) == (1, 0) for problem in short)
    assert await world.runs() == 20


async def test_a_key_repeated_answers_the_same_and_another_body_is_refused(world: Any) -> None:
    headers = world.user.headers | {"idempotency-key": "order-1"}
    body = world.user.order()["json"]
    answers = await asyncio.gather(
        *(world.http.post("/v1/analyses", headers=headers, json=body) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {202}
    run_id = derived_id(world.user.made.account_id, "order-1", 0)
    assert {UUID(answer.json()["run_id"]) for answer in answers} == {run_id}
    other = await world.http.post("/v1/analyses", headers=headers, json={**body, "username": "nasa"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await world.runs() == 1


async def test_with_the_bus_gone_nothing_is_accepted_and_then_all_is_well(world: Any) -> None:
    await world.nats.stop()
    refused = await world.post()
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert refused.headers["retry-after"]
    assert await world.runs() == 0
    ready = (await world.http.get("/health/ready")).json()
    assert ready["status"] == "degraded"
    assert (ready["checks"]["postgres"], ready["checks"]["schema"]) == ("ok", "ok")
    await world.nats.start()
    await world.provision()

    async with asyncio.timeout(15):
        while (await world.post()).status_code == 503:  # what a client does
            await asyncio.sleep(0.2)
    assert await world.runs() == 1


async def test_the_end_comes_after_the_broker_was_wiped(world: Any) -> None:
    # A name nobody can scrape in time: the run is ended by hand once the broker is gone.
    await world.analysis.execute("update analysis.slots set cap = 0")
    body = (await world.post("slowpoke")).json()
    async with world.events(body["events_url"]) as events:
        assert (await events.next())["status"] in {"queued", "waiting"}
        await world.nats.stop()
        await world.nats.wipe()
        await world.analysis.execute(
            "update analysis.runs set state = 'cancelled', seq = seq + 1, attempt = attempt + 1, due_at = null"
        )
        last: dict[str, Any] = {}
        async with asyncio.timeout(15):
            while last.get("status") != "cancelled":
                last = await events.next()
        with pytest.raises(EOFError):
            await events.next()
    await world.nats.start()
    await world.provision()


async def test_a_reader_who_has_the_end_does_not_reconnect(world: Any) -> None:
    body = (await world.post("private-somebody")).json()
    run = await world.ended(body["run_id"])
    assert (run["status"], run["error"]["code"]) == ("failed", "profile_private")
    assert run["credits"] == {"held": 0, "charged": 0, "released": 1}
    answer = await world.http.get(body["events_url"], headers={"last-event-id": str(run["seq"])})
    assert answer.status_code == 204
    assert await world.balance() == {"available": 20, "held": 0}


async def test_streams_end_with_a_hint_when_the_gateway_stops(world: Any) -> None:
    await world.analysis.execute("update analysis.slots set cap = 0")
    body = (await world.post("slowpoke")).json()
    async with world.events(body["events_url"]) as events:
        await events.next()
        world.gateway.stopping.set()
        rest = await events.rest()
    assert rest.rstrip().endswith("retry: 1000")


async def test_no_name_address_or_ticket_is_logged(world: Any, capfd: Any) -> None:
    body = (await world.post("verysecretname")).json()
    await world.ended(body["run_id"])
    await world.all_events(body["events_url"])
    out = "".join(capfd.readouterr())
    for secret in ("verysecretname", "one@example.com", body["events_url"].rpartition("=")[2]):
        assert secret not in out
