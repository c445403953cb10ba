"""Streams are bounded in number and in time, and end when their reader loses access."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from memory_analyses import MemoryStreamAccess
from oslira_gateway.streams.event_stream import ACCESS_ENDED, RECONNECT, EventStream
from oslira_gateway.streams.open_streams import OpenStream, OpenStreams, StreamLimits
from oslira_gateway.streams.tickets import ANONYMOUS_FOLLOWER, Follower
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

ACCOUNT, USER = new_id(), new_id()


def follower(user: Any = USER, *, expires_at_s: int | None = None) -> Follower:
    return Follower(ACCOUNT, user, token_expires_at_s=expires_at_s)


def admit(streams: OpenStreams, who: Follower, network: str = "192.0.2.1") -> OpenStream:
    return streams.admit(who, counted_as=who.account_id, network=network)


def refusal(streams: OpenStreams, who: Follower, network: str = "192.0.2.1") -> tuple[str, Any]:
    with pytest.raises(OsliraError) as caught:
        admit(streams, who, network)
    return caught.value.code, caught.value.extra.get("scope")


def opened(**limits: Any) -> OpenStreams:
    return OpenStreams(MemoryStreamAccess(), StreamLimits(**limits))


async def served(streams: OpenStreams, stream: OpenStream) -> list[bytes]:
    """What a stream without news sends until it ends by itself."""
    sent: list[bytes] = []

    async def quiet() -> AsyncGenerator[bytes]:
        yield b"first"
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Any:
        await asyncio.sleep(60)

    scope: Any = {"type": "http", "method": "GET"}
    async with asyncio.timeout(5):
        await EventStream(quiet(), stream=stream, streams=streams)(scope, receive, send)
    return sent


def test_one_member_leaves_room_for_the_other_members_of_the_account() -> None:
    streams = opened(per_account=3, per_user=2)
    admit(streams, follower())
    admit(streams, follower())
    assert refusal(streams, follower()) == ("too_many_streams", "user")
    admit(streams, follower(new_id()))
    assert refusal(streams, follower(new_id())) == ("too_many_streams", "account")


def test_streams_are_bounded_by_the_clients_network_and_by_the_process() -> None:
    streams = opened(per_network=1, in_all=2)
    admit(streams, follower())
    assert refusal(streams, follower(new_id())) == ("too_many_streams", "network")
    admit(streams, follower(new_id()), "192.0.2.2")
    assert refusal(streams, follower(new_id()), "192.0.2.3") == ("unavailable", None)


def test_a_refused_stream_takes_no_place_and_one_that_left_makes_room() -> None:
    streams = opened(per_account=1, per_network=2)
    stream = admit(streams, follower())
    for _ in range(5):
        refusal(streams, follower(new_id()))
    streams.leave(stream)
    admit(streams, follower(new_id()))


def test_visitors_are_counted_by_run_and_network() -> None:
    streams = opened(per_account=1)
    run = new_id()
    streams.admit(ANONYMOUS_FOLLOWER, counted_as=run, network="192.0.2.1")
    streams.admit(ANONYMOUS_FOLLOWER, counted_as=new_id(), network="192.0.2.1")
    with pytest.raises(OsliraError, match="At most 1"):
        streams.admit(ANONYMOUS_FOLLOWER, counted_as=run, network="192.0.2.1")


async def test_who_lost_access_may_not_open_a_stream_and_a_visitor_always_may() -> None:
    streams = OpenStreams(MemoryStreamAccess(gone={USER}), StreamLimits())
    with pytest.raises(OsliraError) as caught:
        await streams.require_access(follower())
    assert caught.value.code == "ticket_invalid"
    await streams.require_access(follower(new_id()))
    await streams.require_access(ANONYMOUS_FOLLOWER)


async def test_the_streams_of_who_loses_access_end_and_say_why() -> None:
    access = MemoryStreamAccess()
    streams = OpenStreams(access, StreamLimits())
    other = admit(streams, follower(new_id()))
    stream = admit(streams, follower())
    serving = asyncio.create_task(served(streams, stream))
    await asyncio.sleep(0.01)
    await streams.check_access()
    assert not serving.done()
    access.gone.add(USER)
    await streams.check_access()
    assert (await serving)[-1] == ACCESS_ENDED
    assert not other.lost_access
    admitted = OpenStreams(access, StreamLimits(in_all=1))
    await admitted.check_access()  # nothing is open, nothing is asked


async def test_access_that_ends_before_the_first_byte_ends_the_stream_too() -> None:
    streams = opened()
    stream = admit(streams, follower())
    stream.revoke()
    assert (await served(streams, stream))[-1] == ACCESS_ENDED
    stream.revoke()


async def test_a_stream_is_counted_out_when_it_ends() -> None:
    streams = opened(per_user=1, life_s=0.05)
    assert (await served(streams, admit(streams, follower())))[-1] == RECONNECT
    admit(streams, follower())


async def test_a_stream_lasts_no_longer_than_its_readers_token() -> None:
    streams = OpenStreams(MemoryStreamAccess(), StreamLimits(), clock=lambda: 1_000.95)
    assert (await served(streams, admit(streams, follower(expires_at_s=1_001))))[-1] == RECONNECT


async def test_while_the_database_is_away_streams_stay() -> None:
    access = MemoryStreamAccess(is_down=True)
    streams = OpenStreams(access, StreamLimits())
    stream = admit(streams, follower())
    with pytest.raises(OSError, match="no database"):
        await streams.check_access()
    assert not stream.lost_access
