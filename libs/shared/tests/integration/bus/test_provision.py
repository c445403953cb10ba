"""Provisioning on a real server: what it creates and repairs, also concurrently."""

import asyncio
from dataclasses import replace

import nats
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.provision import provision_bus
from oslira_shared.bus.topology import CONSUMERS, STREAMS

_LIMITS = next(stream for stream in STREAMS if stream.name == "KV_LIMITS")
_EVENTS = next(stream for stream in STREAMS if stream.name == "EVENTS")


async def _is_whole(jetstream: JetStreamContext) -> bool:
    """By the server's own lists, not by what provisioning reports."""
    streams = {str(info.config.name) for info in await jetstream.streams_info()}
    consumers = {info.name for name in streams for info in await jetstream.consumers_info(name)}
    return streams == {str(stream.name) for stream in STREAMS} and consumers == set(CONSUMERS)


async def test_everything_is_laid_down_once_and_then_left_alone(jetstream: JetStreamContext) -> None:
    changes = await provision_bus(jetstream)
    assert len(changes) == len(STREAMS) + len(CONSUMERS)
    assert all(change.endswith("created") for change in changes)
    assert await _is_whole(jetstream)
    assert await provision_bus(jetstream) == []


async def test_a_changed_limit_and_a_deleted_durable_are_repaired_and_named(
    provisioned: JetStreamContext,
) -> None:
    stream = (await provisioned.stream_info("ANALYSIS")).config
    await provisioned.update_stream(replace(stream, max_msgs=7, max_age=9.0 * 60))
    consumer = CONSUMERS["analysis_run"]
    await provisioned.add_consumer("ANALYSIS", replace(consumer.config(), max_ack_pending=1_000))
    await provisioned.delete_consumer("STRIPE", "billing_webhook")

    changes = await provision_bus(provisioned)

    assert sorted(changes) == [
        "consumer analysis_run repaired: max_ack_pending",
        "consumer billing_webhook created",
        "stream ANALYSIS repaired: max_msgs, max_age",
    ]
    assert (await provisioned.stream_info("ANALYSIS")).config.max_msgs == stream.max_msgs
    repaired = (await provisioned.consumer_info("ANALYSIS", "analysis_run")).config
    assert repaired.max_ack_pending == consumer.max_ack_pending
    assert await provision_bus(provisioned) == []


async def test_events_learn_to_expire_one_by_one_where_they_stand(jetstream: JetStreamContext) -> None:
    await jetstream.add_stream(replace(_EVENTS, allow_msg_ttl=None))  # as an earlier version laid it down
    await jetstream.publish("analysis.evt.run_ended.v1", b"{}")
    assert "stream EVENTS repaired: allow_msg_ttl" in await provision_bus(jetstream)
    assert (await jetstream.stream_info("EVENTS")).state.messages == 1
    assert await provision_bus(jetstream) == []


async def test_a_bucket_of_values_becomes_one_of_counters(provisioned: JetStreamContext) -> None:
    # As an earlier version laid it down; the server can't turn one into the other.
    before = replace(_LIMITS, allow_msg_counter=None, allow_msg_ttl=True, discard=DiscardPolicy.NEW)
    await provisioned.delete_stream("KV_LIMITS")
    await provisioned.add_stream(before)
    assert await provision_bus(provisioned) == [
        "stream KV_LIMITS created again: its messages are counters now"
    ]
    assert await provision_bus(provisioned) == []


async def test_a_deleted_stream_comes_back_with_its_consumers(provisioned: JetStreamContext) -> None:
    await provisioned.delete_stream("EVENTS")
    assert sorted(await provision_bus(provisioned)) == [
        *sorted(f"consumer {one.name} created" for one in CONSUMERS.values() if one.stream == "EVENTS"),
        "stream EVENTS created",
    ]


async def test_a_wiped_server_is_laid_down_again(own_nats: Nats, provisioned: JetStreamContext) -> None:
    await own_nats.stop()
    await own_nats.wipe()
    await own_nats.start()
    client = await nats.connect(own_nats.url("tester"))
    changes = await provision_bus(client.jetstream())
    assert len(changes) == len(STREAMS) + len(CONSUMERS)
    assert await _is_whole(client.jetstream())
    await client.close()


async def test_several_provisioners_at_once_agree(own_nats: Nats) -> None:
    clients = [await nats.connect(own_nats.url("tester")) for _ in range(4)]
    await asyncio.gather(*(provision_bus(client.jetstream()) for client in clients))
    assert await _is_whole(clients[0].jetstream())
    assert await provision_bus(clients[0].jetstream()) == []
    for client in clients:
        await client.close()


async def test_what_the_buckets_need_is_really_on(provisioned: JetStreamContext) -> None:
    """Progress is republished under the run's id, for gateways that hold one plain subscription."""
    heard = asyncio.Queue[str]()
    client = provisioned._nc

    async def hear(message: object) -> None:
        heard.put_nowait(str(getattr(message, "subject", "")))

    await client.subscribe("analysis.progress.*", cb=hear)
    await provisioned.publish("$KV.PROGRESS.run-1.state", b"{}", headers={"Nats-TTL": "3600s"})
    async with asyncio.timeout(5):
        assert await heard.get() == "analysis.progress.run-1"
