"""A message is acked once, retried after a delay, or dead-lettered; never dropped, never shown in logs."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import RUN, SCRAPE
from oslira_shared.contracts.work import WorkHint
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

HINT = WorkHint.of(new_id(), "queued", 0)


async def _waiting(jetstream: JetStreamContext) -> int:
    return (await jetstream.stream_info("ANALYSIS")).state.messages


async def _emptied(jetstream: JetStreamContext) -> None:
    async with asyncio.timeout(5):
        while await _waiting(jetstream):
            await asyncio.sleep(0.02)


async def test_a_message_is_handled_once_and_leaves_the_queue(
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    bus, seen = make_bus("analysis"), asyncio.Queue[WorkHint]()

    @bus.consumer("analysis_run")
    async def handle(hint: WorkHint) -> None:
        seen.put_nowait(hint)

    await bus.start()
    await pulling(bus)
    await bus.publish(RUN, HINT, msg_id="one")
    async with asyncio.timeout(5):
        assert await seen.get() == HINT
    await _emptied(provisioned)
    consumer = await provisioned.consumer_info("ANALYSIS", "analysis_run")
    assert (consumer.num_ack_pending, consumer.num_redelivered) == (0, 0)
    assert seen.empty()


async def test_a_message_cannot_make_its_consumer_write_somewhere(
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    """FastStream would answer to a header that the publisher chose, with the consumer's permissions."""
    bus, answers = make_bus("analysis"), asyncio.Queue[Msg]()

    @bus.consumer("analysis_run")
    async def handle(hint: WorkHint) -> None:
        assert hint == HINT

    async def hear(message: Msg) -> None:
        answers.put_nowait(message)

    await provisioned._nc.subscribe("credits.rpc.settle", cb=hear)
    await provisioned.publish(
        RUN, HINT.model_dump_json().encode(), headers={"reply_to": "credits.rpc.settle"}
    )
    await bus.start()
    await pulling(bus)
    await _emptied(provisioned)
    await asyncio.sleep(0.1)
    assert answers.empty()


async def test_the_same_message_id_is_delivered_once(
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    bus, seen = make_bus("analysis"), asyncio.Queue[WorkHint]()

    @bus.consumer("analysis_run")
    async def handle(hint: WorkHint) -> None:
        seen.put_nowait(hint)

    await bus.start()
    await pulling(bus)
    for msg_id in ("same", "same", "other"):
        await bus.publish(RUN, HINT, msg_id=msg_id)
    async with asyncio.timeout(5):
        await seen.get()
        await seen.get()
    await _emptied(provisioned)
    assert (await provisioned.stream_info("ANALYSIS")).state.last_seq == 2
    assert seen.empty()


async def test_what_failed_comes_again_after_a_delay(
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    bus, at = make_bus("analysis"), {RUN: [0.0] * 0, SCRAPE: [0.0] * 0}

    @bus.consumer("analysis_run")
    async def handle_run(_hint: WorkHint) -> None:
        at[RUN].append(time.monotonic())
        if len(at[RUN]) == 1:
            raise OsliraError("unavailable", "the database is away")

    @bus.consumer("analysis_scrape")
    async def handle_scrape(_hint: WorkHint) -> None:
        at[SCRAPE].append(time.monotonic())
        if len(at[SCRAPE]) == 1:
            WorkHint.model_validate({})  # what it read elsewhere is broken; the message is not

    await bus.start()
    await pulling(bus)
    await bus.publish(RUN, HINT, msg_id="run")
    await bus.publish(SCRAPE, HINT, msg_id="scrape")
    await _emptied(provisioned)
    for first, second in at.values():  # exactly two deliveries of each
        assert 0.9 < second - first < 3


async def test_what_is_malformed_is_dead_lettered_unseen_and_does_not_hold_up_the_next(
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    bus, seen = make_bus("analysis"), asyncio.Queue[WorkHint]()

    @bus.consumer("analysis_run")
    async def handle(hint: WorkHint) -> None:
        seen.put_nowait(hint)

    payloads = [
        b"jane.doe \xff is no JSON",
        b'{"row_id": "jane.doe", "event_id": 7}',
        b'{"event_id": "00000000-0000-0000-0000-000000000000"}',
        b'["jane.doe"]',
        b'"jane.doe"',
        b"null",
        b"",
    ]
    for payload in payloads:  # the header is any publisher's to set
        headers = {"content-type": "application/json"} if payload.startswith(b"jane") else None
        await provisioned.publish(RUN, payload, headers=headers)
    await bus.start()
    await pulling(bus)
    await bus.publish(RUN, HINT, msg_id="good")
    async with asyncio.timeout(5):
        assert await seen.get() == HINT
    await _emptied(provisioned)
    assert seen.empty()

    dead = [await provisioned.get_msg("DEAD", seq) for seq in range(1, 2 * len(payloads) + 1)]
    letters = [message for message in dead if message.subject == "dead.ANALYSIS.analysis_run"]
    assert [message.data or b"" for message in letters] == payloads
    for message in letters:
        assert message.headers is not None
        assert message.headers["Oslira-Subject"] == RUN
        assert message.headers["Oslira-Reason"].startswith("malformed: ")
        assert "jane" not in message.headers["Oslira-Reason"]
    logs = "".join(capfd.readouterr())
    assert logs.count("message_malformed") == len(payloads)
    assert "jane" not in logs


async def test_a_malformed_message_stays_while_it_cannot_be_dead_lettered(
    provisioned: JetStreamContext, make_bus: Callable[[str], Bus]
) -> None:
    bus = make_bus("analysis")

    @bus.consumer("analysis_run")
    async def handle(hint: WorkHint) -> None:
        raise AssertionError(hint)

    await provisioned.delete_stream("DEAD")
    await provisioned.publish(RUN, b"malformed")
    await bus.start()
    async with asyncio.timeout(5):
        while (await provisioned.consumer_info("ANALYSIS", "analysis_run")).num_ack_pending != 1:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    assert await _waiting(provisioned) == 1
    assert "cannot store: DEAD: " in bus.state()


async def test_handlers_at_work_finish_before_the_bus_stops(
    provisioned: JetStreamContext,
    make_bus: Callable[[str], Bus],
    pulling: Callable[[Bus], Awaitable[None]],
) -> None:
    bus, started, finished = make_bus("analysis"), asyncio.Event(), asyncio.Event()

    @bus.consumer("analysis_run")
    async def handle(_hint: WorkHint) -> None:
        started.set()
        await asyncio.sleep(0.5)
        finished.set()

    await bus.start()
    await pulling(bus)
    await bus.publish(RUN, HINT, msg_id="one")
    async with asyncio.timeout(5):
        await started.wait()
    await bus.stop()
    assert finished.is_set()
    assert await _waiting(provisioned) == 0
