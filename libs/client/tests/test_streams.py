"""A stream is followed to its end over as many connections as it takes, each from the last event seen."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest
from oslira_client import ApiError, Oslira, Retries
from oslira_shared.ids import new_id

RUN_ID = str(new_id())
Step = httpx.Response | Exception


def run(seq: int, *, ended: bool = False) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("business_profile_id", "error", "eta_s", "is_from_cache", "lead_id", "queue_position")
    )
    return {
        **nothing,
        "run_id": RUN_ID,
        "created_at": "2026-11-22T02:00:00Z",
        "finished_at": "2026-11-22T02:01:00Z" if ended else None,
        "credits": {"held": 1, "charged": 0, "released": 0},
        "current_step": "x",
        "progress": seq,
        "result": None,
        "seq": seq,
        "should_cancel": False,
        "status": "completed" if ended else "scoring",
        "type": "light",
        "username": "natgeo",
        "events_url": f"/v1/runs/{RUN_ID}/events?ticket=t{seq}",
        "poll_url": f"/v1/runs/{RUN_ID}",
        "source": "database",
    }


def events(*runs: dict[str, Any], name: str = "progress") -> httpx.Response:
    text = "retry: 1000\n\n: ping\n\n" + "".join(
        f"id: {one['seq']}\nevent: {name}\ndata: {json.dumps(one)}\n\n" for one in runs
    )
    return httpx.Response(200, text=text)


class Server:
    """Reads of the run and connections to its stream, each answered in turn."""

    def __init__(self, reads: Sequence[Step], connections: Sequence[Step]) -> None:
        self._reads, self._connections = list(reads), list(connections)
        self.connected: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        is_stream = request.url.path.endswith("/events")
        if is_stream:
            self.connected.append(request)
        step = (self._connections if is_stream else self._reads).pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def follow(
        self, of: Callable[[Oslira], Any] = lambda it: it.analyses.follow_run(RUN_ID)
    ) -> list[int]:
        async def sleep(_: float) -> None: ...

        retries = Retries(0, sleep=sleep)
        async with Oslira("http://api", "t", retries=retries, transport=httpx.MockTransport(self)) as client:
            return [event.data.seq async for event in of(client)]


def read(seq: int, *, ended: bool = False) -> httpx.Response:
    return httpx.Response(200, json=run(seq, ended=ended))


async def test_it_goes_on_from_the_last_event_and_ends_with_the_run() -> None:
    server = Server(
        [read(1), read(2), httpx.ConnectError("away"), read(4)],
        [events(run(1), run(2)), httpx.ReadError("cut off"), events(run(5), run(6, ended=True), run(7))],
    )
    assert await server.follow() == [1, 2, 5, 6]
    assert [request.headers.get("last-event-id") for request in server.connected] == [None, "2", "2"]
    # Each connection by a new address: a ticket is good for ten minutes.
    assert [request.url.params["ticket"] for request in server.connected] == ["t1", "t2", "t4"]


async def test_what_has_ended_meanwhile_needs_no_connection() -> None:
    server = Server([read(1), read(3, ended=True)], [events(run(1))])
    assert await server.follow() == [1, 3]
    assert len(server.connected) == 1


async def test_a_reader_of_the_last_event_stops() -> None:
    assert await Server([read(1)], [httpx.Response(204)]).follow() == []


@pytest.mark.parametrize("code", ["ticket_invalid", "too_many_streams", "unavailable"])
async def test_what_passes_is_waited_out(code: str) -> None:
    refused = httpx.Response(429, json={"code": code})
    server = Server([read(1), read(1)], [refused, events(run(2, ended=True))])
    assert await server.follow() == [2]


async def test_what_does_not_pass_is_raised() -> None:
    gone = httpx.Response(404, json={"code": "run_not_found"})
    with pytest.raises(ApiError) as raised:
        await Server([gone], []).follow()
    assert raised.value.code == "run_not_found"


async def test_kinds_of_events_that_came_later_are_left_out() -> None:
    server = Server(
        [read(1)],
        [httpx.Response(200, text=events(run(9), name="gossip").text + events(run(2, ended=True)).text)],
    )
    assert await server.follow() == [2]
