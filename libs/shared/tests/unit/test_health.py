"""Readiness is decided by required dependencies; all others are listed and do not affect it."""

import asyncio
import time

from litestar.testing import AsyncTestClient
from oslira_shared.observability import metrics
from oslira_shared.observability.health import Health, internal_app


async def _fine() -> str:
    return "ok"


async def _away() -> str:
    return "not connected"


async def _broken() -> str:
    raise ConnectionError("password=hunter2")


async def _stuck() -> str:
    await asyncio.sleep(60)
    return "ok"


async def test_all_well_is_ok() -> None:
    health = Health()
    health.required["postgres"] = health.others["bus"] = _fine
    assert await health.report() == (True, {"status": "ok", "checks": {"postgres": "ok", "bus": "ok"}})


async def test_another_binding_that_is_away_degrades_and_stays_ready() -> None:
    health = Health()
    health.required["postgres"], health.others["bus"] = _fine, _away
    is_ready, body = await health.report()
    assert is_ready
    assert body == {"status": "degraded", "checks": {"postgres": "ok", "bus": "degraded: not connected"}}


async def test_a_required_one_that_raises_is_unavailable_and_its_text_stays_inside() -> None:
    health = Health()
    health.required["postgres"], health.others["bus"] = _broken, _fine
    is_ready, body = await health.report()
    assert not is_ready
    assert body["status"] == "unavailable"
    assert body["checks"]["postgres"] == "failing: ConnectionError"


async def test_a_check_that_hangs_is_wrong_after_two_seconds_and_holds_up_no_other() -> None:
    health = Health()
    health.required["postgres"] = _fine
    health.others |= {"bus": _stuck, "s3": _stuck}
    started = time.monotonic()
    is_ready, body = await health.report()
    assert time.monotonic() - started < 3
    assert is_ready
    late = "degraded: failing: TimeoutError"
    assert body["checks"] == {"postgres": "ok", "bus": late, "s3": late}


async def test_who_is_draining_is_alive_but_not_ready() -> None:
    health = Health()
    health.required["postgres"] = _fine
    async with AsyncTestClient(internal_app(health)) as client:
        assert (await client.get("/health/ready")).status_code == 200
        health.is_draining = True
        ready, live = await client.get("/health/ready"), await client.get("/health/live")
        assert (ready.status_code, ready.json()["status"]) == (503, "draining")
        assert (live.status_code, live.json()) == (200, {"status": "ok"})


async def test_checks_run_once_a_second_however_many_ask() -> None:
    now_s, looked = 100.0, 0

    async def look() -> str:
        nonlocal looked
        looked += 1
        await asyncio.sleep(0)
        return "ok" if looked == 1 else "not connected"

    health = Health(clock=lambda: now_s)
    health.required["postgres"] = look
    reports = await asyncio.gather(*(health.report() for _ in range(200)))
    assert (looked, {is_ready for is_ready, _ in reports}) == (1, {True})
    now_s += 1
    assert [(await health.report())[0] for _ in range(3)] == [False] * 3
    assert looked == 2


async def test_who_stops_waiting_for_a_look_does_not_stop_it_for_others() -> None:
    release = asyncio.Event()

    async def look() -> str:
        await release.wait()
        return "ok"

    health = Health()
    health.required["postgres"] = look
    first, second = asyncio.create_task(health.report()), asyncio.create_task(health.report())
    await asyncio.sleep(0)
    first.cancel()
    release.set()
    assert (await second)[0]


async def test_the_internal_server_shows_metrics() -> None:
    metrics.BUS_CONNECTED.set(1)
    async with AsyncTestClient(internal_app(Health())) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "oslira_bus_connected 1.0" in answer.text
