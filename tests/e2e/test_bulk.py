"""Bulks, over HTTP on the whole system."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from oslira_client import ApiError
from oslira_devstack.stack import Stack
from people import Person, differences, eventually, person


async def settled(user: Person, bulk_id: str, *, timeout_s: float = 60.0) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        bulk = await user.client.read_bulk(bulk_id)
        return bulk if bulk["status"] != "running" and not bulk["credits"]["held"] else None

    return await eventually(look, timeout_s=timeout_s)


async def order(user: Person, names: list[str], **terms: Any) -> dict[str, Any]:
    return await user.client.make_bulk(names, business_profile_id=user.who.business_profile_id, **terms)


async def test_a_bulk_is_quoted_run_and_settled_once(stack: Stack) -> None:
    async with person(stack, available_credits=20, plan="enterprise") as user:
        _, known = await user.analyze("bulk.known")
        await user.settled(known["run_id"])
        csv = (
            '\ufeffusername,note\nbulk.a,x\n@Bulk.A,again\n\n"broken\nhttps://instagram.com/bulk.b/,y\nbulk.known,z\n'
            + "".join(f"bulk.more{number},\n" for number in range(6))
            + "private-bulk,\nnot a name,\n"
        )
        profile_id = user.who.business_profile_id
        quote = await user.client.bulk_csv(csv.encode(), quote=True, business_profile_id=profile_id)
        assert {name: quote[name] for name in ("new", "cached", "duplicate", "invalid", "blank", "most_credits")} == {
            "new": 9, "cached": 1, "duplicate": 1, "invalid": 2, "blank": 1, "most_credits": 9,
        }  # fmt: skip
        assert quote["expected_s"] > 0
        accepted = await user.client.bulk_csv(csv.encode(), business_profile_id=profile_id)
        assert [(line["line"], line["problem"]) for line in accepted["bulk"]["rejected"]] == [
            (3, "duplicate"), (4, "blank"), (5, "broken"), (15, "bad_characters"),
        ]  # fmt: skip
        balance = await user.client.balance()
        assert balance["available"] == 10
        bulk = await settled(user, accepted["bulk_id"])
        assert (bulk["status"], bulk["progress"]) == ("completed", 100)
        assert (bulk["counts"]["total"], bulk["counts"]["linked"], bulk["counts"]["completed"]) == (10, 1, 9)
        # The private one failed and cost nothing; the known one was paid before.
        assert bulk["credits"] == {"held": 0, "charged": 8, "released": 1}
        items = await user.client.bulk_items(accepted["bulk_id"])
        assert [item["is_linked"] for item in items if item["username"] == "bulk.known"] == [True]
        assert {item["error"]["code"] for item in items if item["error"]} == {"profile_private"}
        one = await user.settled(items[0]["run_id"])
        assert one["credits"] == {"held": 0, "charged": 1, "released": 0}
        receipt = await user.client.receipt(items[0]["run_id"])
        assert receipt["credits"]["hold_id"] == receipt["bulk_id"] == accepted["bulk_id"]
        balance = await user.client.balance()
        assert (balance["available"], balance["held"]) == (11, 0)
        # All of it is fresh now: the same list costs nothing, and needs no hold.
        again = await settled(user, (await order(user, ["bulk.a", "bulk.b"]))["bulk_id"])
        assert again["credits"] == {"held": 0, "charged": 0, "released": 0}
        assert (await user.client.balance())["available"] == 11
    assert await differences(stack) == []


async def test_a_bulk_costs_no_more_than_max_credits_and_stops_when_it_has_enough(stack: Stack) -> None:
    async with person(stack, available_credits=30, plan="free") as user:
        names = [f"bulk.bounded{number}" for number in range(8)]
        accepted = await order(user, names, max_credits=5)
        assert accepted["bulk"]["credits"]["held"] == 5
        assert [line["problem"] for line in accepted["bulk"]["rejected"]] == ["over_max_credits"] * 3
        bulk = await settled(user, accepted["bulk_id"])
        assert (bulk["counts"]["total"], bulk["credits"]["charged"]) == (5, 5)
        # One slot at a time, and any score will do: it ends after two or three.
        enough = await order(user, [f"bulk.enough{n}" for n in range(12)], stop_after_leads=2, stop_score=0)
        bulk = await settled(user, enough["bulk_id"])
        assert (bulk["status"], bulk["stopped_because"]) == ("completed", "enough_leads")
        assert 2 <= bulk["counts"]["completed"] < 12
        assert bulk["counts"]["cancelled"] == 12 - bulk["counts"]["completed"]
        assert bulk["credits"]["charged"] == bulk["counts"]["completed"]
    assert await differences(stack) == []


async def test_a_bulk_is_cancelled_within_a_second_without_what_it_only_links(stack: Stack) -> None:
    async with person(stack, available_credits=40, plan="free") as user:
        names = [f"bulk.cancelled{number}" for number in range(20)]
        _, single = await user.analyze(names[7])
        accepted = await order(user, names)
        assert accepted["bulk"]["counts"]["linked"] == 1
        bulk = await user.client.cancel_bulk(accepted["bulk_id"])
        assert bulk["status"] == "cancelled"
        bulk = await settled(user, accepted["bulk_id"])
        assert bulk["credits"]["charged"] + bulk["credits"]["released"] == 19
        assert bulk["credits"]["charged"] < 19
        # What was at work before the bulk came goes on.
        assert (await user.settled(single["run_id"]))["status"] == "completed"
        again = await user.client.cancel_bulk(accepted["bulk_id"])
        assert again["status"] == "cancelled"
    assert await differences(stack) == []


async def test_a_bulk_that_is_wrong_or_not_theirs_leaves_no_trace(stack: Stack) -> None:
    async with person(stack, available_credits=2) as user, person(stack) as other:
        for names, terms, status, code in (
            ([], {}, 422, "no_usable_names"),
            (["", "not a name"], {}, 422, "no_usable_names"),
            ([f"n{number}" for number in range(1_001)], {}, 422, "too_many_names"),
            (["fine"], {"kind": "psychic"}, 422, "unknown_type"),
            (["fine"], {"stop_score": 3}, 400, "invalid_request"),
            (["fine"], {"max_credits": "many"}, 400, "invalid_request"),
            (["a", "b", "c"], {}, 402, "insufficient_credits"),
        ):
            with pytest.raises(ApiError) as refused:
                await order(user, names, **terms)
            assert (refused.value.status, refused.value.code) == (status, code)
        with pytest.raises(ApiError) as foreign:
            await user.client.make_bulk(["a"], business_profile_id=other.who.business_profile_id)
        assert foreign.value.code == "business_profile_not_found"
        assert (await user.runs_in_database(), await user.transfers_in_ledger()) == (0, 0)
        theirs = await order(other, ["bulk.theirs"])
        for call in (user.client.read_bulk, user.client.bulk_items, user.client.cancel_bulk):
            with pytest.raises(ApiError) as hidden:
                await call(theirs["bulk_id"])
            assert (hidden.value.status, hidden.value.code) == (404, "bulk_not_found")


async def test_an_idempotency_key_gives_the_same_bulk_and_refuses_another(stack: Stack) -> None:
    async with person(stack, available_credits=10, plan="enterprise") as user:
        body = {
            "usernames": ["bulk.k1", "bulk.k2"],
            "type": "light",
            "business_profile_id": str(user.who.business_profile_id),
        }
        headers = {"Idempotency-Key": "bulk-1"}

        async def post(**changes: Any) -> httpx.Response:
            return await user.client.http.post("/v1/analyses/bulk", json={**body, **changes}, headers=headers)

        answers = await asyncio.gather(*(post() for _ in range(4)))
        assert {answer.status_code for answer in answers} == {202}, [answer.text for answer in answers]
        assert len({answer.json()["bulk_id"] for answer in answers}) == 1
        assert (await post(usernames=["bulk.k3"])).json()["code"] == "idempotency_key_reused"
        bulk = await settled(user, answers[0].json()["bulk_id"])
        assert bulk["credits"]["charged"] == 2
        assert (await user.client.balance())["available"] == 8


async def read_events(user: Person, url: str, *, until: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(id, name, data) until an event named `until` tells of an end, or the stream ends."""
    seen: list[tuple[str, str, dict[str, Any]]] = []
    event_id = name = ""
    async with asyncio.timeout(40), user.client.http.stream("GET", url, timeout=40) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "id":
                event_id = value
            elif field == "event":
                name = value
            elif field == "data":
                seen.append((event_id, name, json.loads(value)))
                if name == until == "progress" and seen[-1][2]["status"] == "completed":
                    return seen
    return seen


async def test_a_bulk_is_followed_to_its_end(stack: Stack) -> None:
    async with person(stack, available_credits=10, plan="enterprise") as user:
        accepted = await order(user, [f"bulk.followed{number}" for number in range(5)])
        seen = await read_events(user, accepted["events_url"], until="bulk")
        sequences = dict[str, int]()
        for event_id, _, _ in seen:
            thing_id, _, seq = event_id.rpartition(":")
            assert int(seq) > sequences.get(thing_id, -1)
            sequences[thing_id] = int(seq)
        last = {data["run_id"]: data["status"] for _, name, data in seen if name == "progress"}
        assert list(last.values()) == ["completed"] * 5
        assert (seen[-1][1], seen[-1][2]["status"]) == ("bulk", "completed")
        assert sum(name == "bulk" for _, name, _ in seen) >= 2
        # Who has the end is told not to come back, once it is settled and nothing changes any more.
        await settled(user, accepted["bulk_id"])
        end = await read_events(user, accepted["events_url"], until="bulk")
        answer = await user.client.http.get(accepted["events_url"], headers={"Last-Event-ID": end[-1][0]})
        assert answer.status_code == 204


async def test_an_account_is_followed_and_its_ticket_opens_nothing_else(stack: Stack) -> None:
    async with person(stack, available_credits=10) as user, person(stack, available_credits=10) as other:
        url = (await user.client.http.get("/v1/events/address")).json()["events_url"]
        reading = asyncio.create_task(read_events(user, url, until="progress"))
        await asyncio.sleep(0.3)
        await other.analyze("account.theirs")
        _, mine = await user.analyze("account.mine")
        seen = await reading
        assert {data["run_id"] for _, _, data in seen} == {mine["run_id"]}
        assert [data["seq"] for _, _, data in seen] == sorted({data["seq"] for _, _, data in seen})
        ticket = url.partition("ticket=")[2]
        bulk = await order(other, ["account.other"])
        for path in (f"/v1/runs/{mine['run_id']}/events", f"/v1/bulk/{bulk['bulk_id']}/events"):
            answer = await user.client.http.get(path, params={"ticket": ticket})
            assert answer.json()["code"] == "ticket_invalid"
