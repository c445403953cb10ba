"""Applies topology.py to the server's streams, consumers and buckets, and reports what it changed."""

from dataclasses import fields, replace
from typing import Any, Final

from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from oslira_shared.bus.topology import CONSUMERS, STREAMS, Consumer
from oslira_shared.observability import metrics

# The server fills these in by itself when the table says nothing; never a difference.
_UNSET: Final = (None, "", [])


async def provision_bus(jetstream: JetStreamContext, *, replicas: int = 1) -> list[str]:
    """Create what is missing and repair what differs; idempotent, safe while services and other callers run.

    `replicas`: of each stream, on a cluster of at least so many servers. All callers for one bus must pass the same value.
    Returns one line per change; none if everything matched. A limit that the server can't change on an existing
    stream (its retention, its storage) raises the server's own error: an operator must decide.
    """
    streams = [replace(stream, num_replicas=replicas) for stream in STREAMS]
    changes = [change for stream in streams if (change := await _stream(jetstream, stream))]
    changes += [change for item in CONSUMERS.values() if (change := await _consumer(jetstream, item))]
    return changes


async def _stream(jetstream: JetStreamContext, wanted: api.StreamConfig) -> str | None:
    name = str(wanted.name)
    try:
        found = await jetstream.stream_info(name)
    except NotFoundError:
        await jetstream.add_stream(wanted)
        return f"stream {name} created"
    metrics.STREAM_MESSAGES.labels(name).set(found.state.messages)
    metrics.STREAM_BYTES.labels(name).set(found.state.bytes)
    if not (differing := _differences(wanted, found.config)):
        return None
    if "allow_msg_counter" in differing:
        # The server can't change this on an existing stream, and its counts expire within the hour.
        await jetstream.delete_stream(name)
        await jetstream.add_stream(wanted)
        return f"stream {name} created again: its messages are counters now"
    await jetstream.update_stream(wanted)
    return f"stream {name} repaired: {', '.join(differing)}"


async def _consumer(jetstream: JetStreamContext, consumer: Consumer) -> str | None:
    wanted = consumer.config()
    try:
        found = await jetstream.consumer_info(consumer.stream, consumer.name)
    except NotFoundError:
        await jetstream.add_consumer(consumer.stream, wanted)
        return f"consumer {consumer.name} created"
    metrics.CONSUMER_PENDING.labels(consumer.name).set(found.num_pending or 0)
    metrics.CONSUMER_UNACKED.labels(consumer.name).set(found.num_ack_pending or 0)
    if not (differing := _differences(wanted, found.config)):
        return None
    await jetstream.add_consumer(consumer.stream, wanted)  # an upsert
    return f"consumer {consumer.name} repaired: {', '.join(differing)}"


def _differences(wanted: Any, current: Any) -> list[str]:
    names = [field.name for field in fields(wanted)]
    return [
        name
        for name in names
        if getattr(wanted, name) not in _UNSET and getattr(wanted, name) != getattr(current, name)
    ]
