"""Case 95: what browsers' EventSource and proxies need of every stream, and an invalid Last-Event-ID."""

import asyncio
import time
from typing import Any

import httpx
import pytest
from oslira_gateway.streams import follow_run, group_reading

GARBAGE = ("", "nonsense", "-1", "9" * 40, "1:2:3", "NaN", "1e9", "é☃".encode(), "x" * 8_000)


async def urls_of(world: Any) -> list[str]:
    """The address of a run's, a bulk's and the account's stream."""
    headers, profile = world.user.headers, str(world.user.made.business_profile_id)
    run = (await world.post("with.a.stream")).json()
    terms = {"usernames": ["one.of.many"], "type": "light", "business_profile_id": profile}
    bulk = (await world.http.post("/v1/analyses/bulk", headers=headers, json=terms)).json()
    account = (await world.http.get("/v1/events/address", headers=headers)).json()
    return [one["events_url"] for one in (run, bulk, account)]


async def first_lines(http: httpx.AsyncClient, url: str, last_seen: Any) -> tuple[httpx.Headers, list[str]]:
    """Headers and the first snapshot, which has to come although the stream goes on."""
    headers = {"accept": "text/event-stream", "accept-encoding": "gzip", "last-event-id": last_seen}
    async with asyncio.timeout(10), http.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200, (url, last_seen, (await answer.aread()).decode())
        lines = list[str]()
        async for line in answer.aiter_lines():
            lines.append(line)
            # The account's stream has something to send only while a run of it is at work.
            if line.startswith("data: ") or url.startswith("/v1/events"):
                break
        return answer.headers, lines


@pytest.mark.timeout(120)
async def test_streams_are_not_buffered_and_survive_any_last_event_id(world: Any) -> None:
    for url in await urls_of(world):
        for last_seen in GARBAGE:
            started = time.monotonic()
            headers, lines = await first_lines(world.http, url, last_seen)
            assert time.monotonic() - started < 5
            assert headers["content-type"].startswith("text/event-stream")
            assert headers["cache-control"] == "no-store"
            assert headers["x-accel-buffering"] == "no"
            assert not {"content-length", "content-encoding"} & set(headers)
            assert lines[0] == "retry: 1000"
            assert lines[-1].startswith("retry: 1000" if url.startswith("/v1/events") else "data: {")


def test_pings_come_well_below_the_thirty_seconds_after_which_proxies_close() -> None:
    assert follow_run.DEFAULT_PACE.ping_s <= 15
    assert group_reading.GroupPace().ping_s <= 15
