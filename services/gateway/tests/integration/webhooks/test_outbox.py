"""Deliveries as rows of work: once each, again after a crash, and never in the way of others."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.postgres_outbox import PostgresOutbox
from oslira_gateway.webhooks.schedule import PauseRule
from oslira_proof.people import eventually
from oslira_shared.postgres.clients import AdminClient, Connection, Pool
from receiver import receiving

OK = Answer(200)
BROKEN = Answer(500, DeliveryProblem.STATUS)


async def test_a_repeated_event_is_one_delivery_and_arrives_signed(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver, hooks.sender() as queues:
        endpoint, secret = await hooks.endpoint(person, receiver)
        run_id = await hooks.ended_run(person)
        first, second = await asyncio.gather(hooks.record.run(run_id), hooks.record.run(run_id))
        assert [*first, *second] == [endpoint.endpoint_id]
        await queues.wake(endpoint.endpoint_id)
        [got] = await receiver.wait_for(1)
        assert got.target == "/hook?tenant=7"
        told = got.verified(secret)
        assert (told["type"], told["data"]["run_id"]) == ("run.completed", str(run_id))
        assert told["data"]["credits"] == {"charged": 1, "released": 0}
        await queues.stop()
        assert await hooks.states(endpoint) == ["delivered"]
        assert await hooks.outbox.claim_next(endpoint.endpoint_id) is None
        assert (await hooks.endpoints.get(person.member, endpoint.endpoint_id)).last_delivered_at


async def test_a_crash_after_the_request_repeats_it_under_the_same_id(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        await hooks.record.run(await hooks.ended_run(person))
        outbox = hooks.outbox
        first = await outbox.claim_next(endpoint.endpoint_id)
        # It was posted, and the process died: nobody beats for it, and its lease runs out.
        assert await outbox.claim_next(endpoint.endpoint_id) is None
        await hooks.pool.execute(
            "update identity.webhook_deliveries set lease_until = now() where endpoint_id = $1",
            endpoint.endpoint_id,
        )
        assert endpoint.endpoint_id in [one for one, _ in await outbox.waiting()]
        second = await outbox.claim_next(endpoint.endpoint_id)
        assert second is not None
        assert (second.event_id, second.body) == (first.event_id, first.body)
        # Whoever comes back from the dead changes nothing.
        await outbox.failed(first, BROKEN, next_try_s=None)
        assert await hooks.states(endpoint) == ["pending"]
        await outbox.delivered(second, OK)
        assert await hooks.states(endpoint) == ["delivered"]


async def test_a_crash_in_the_last_try_ends_it(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        await hooks.record.run(await hooks.ended_run(person))
        await hooks.pool.execute(
            "update identity.webhook_deliveries set failures = $2 where endpoint_id = $1",
            endpoint.endpoint_id,
            hooks.outbox.table.max_failures,
        )
        assert await hooks.outbox.claim_next(endpoint.endpoint_id) is None
        assert await hooks.states(endpoint) == ["failed"]


@pytest.mark.parametrize("per_endpoint", [1, 2])
async def test_of_many_processes_only_so_many_send_to_one_endpoint(patient: Any, per_endpoint: int) -> None:
    patient.per_endpoint = per_endpoint
    person = await patient.person()
    async with receiving() as receiver:
        endpoint, _ = await patient.endpoint(person, receiver)
        for _ in range(5):
            await patient.record.run(await patient.ended_run(person))
        takers = [patient.outbox for _ in range(8)]
        taken = await asyncio.gather(*(one.claim_next(endpoint.endpoint_id) for one in takers))
        deliveries = [one for one in taken if one is not None]
        assert len({one.event_id for one in deliveries}) == len(deliveries) == per_endpoint


async def test_a_slow_endpoint_does_not_delay_others(hooks: Any) -> None:
    one, other = await hooks.person(), await hooks.person()
    async with receiving(delay_s=1.0) as slow, receiving() as quick, hooks.sender(total_s=1.5) as queues:
        endpoints = [(await hooks.endpoint(one, slow))[0], (await hooks.endpoint(other, quick))[0]]
        for person in (one, other):
            for _ in range(6):
                await hooks.record.run(await hooks.ended_run(person))
        async with asyncio.timeout(0.9):
            await queues.wake_all()
            await quick.wait_for(6)
        assert (slow.most_at_work, len(slow.received)) == (2, 2)
        await queues.stop()
        assert await hooks.states(endpoints[1]) == ["delivered"] * 6


async def test_patience_ends_and_what_waits_goes_out_when_it_is_resumed(patient: Any) -> None:
    patient.pause_rule = PauseRule(failures=2, seconds=0.0)
    person = await patient.person()
    async with receiving(answer=lambda n: "500 No" if n < 2 else "200 OK") as receiver:
        endpoint, _ = await patient.endpoint(person, receiver)
        for _ in range(2):
            await patient.record.run(await patient.ended_run(person))
        async with patient.sender() as queues:
            await queues.wake(endpoint.endpoint_id)
            await receiver.wait_for(2)

            async def is_noted() -> bool:  # an answer is there before what follows from it
                return (await patient.endpoints.get(person.member, endpoint.endpoint_id)).state != "active"

            await eventually(is_noted)
        paused = await patient.endpoints.get(person.member, endpoint.endpoint_id)
        assert (paused.state, paused.state_reason, paused.last_problem) == ("paused", "failing", "status")
        assert paused.failure_count == 2
        # What comes now is kept, and not sent.
        await patient.record.run(await patient.ended_run(person))
        async with patient.sender() as queues:
            await queues.wake_all()
            assert await patient.states(endpoint) == ["held"] * 3
            resumed = await patient.endpoints.resume(person.member, endpoint.endpoint_id, longest_wait_s=60)
            assert (resumed.state, resumed.failure_count) == ("active", 0)
            await queues.wake_all()
            await receiver.wait_for(5)
        assert await patient.states(endpoint) == ["delivered"] * 3


class _BeginsBefore(AdminClient):
    """A transaction that begins at once and goes on when it is told to."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.has_begun, self.may_go_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        async with super().transaction() as connection:
            await connection.execute("select 1")
            self.has_begun.set()
            await self.may_go_on.wait()
            yield connection


async def test_two_tries_that_fail_at_once_use_up_patience_in_whichever_order(patient: Any) -> None:
    patient.pause_rule = PauseRule(failures=2, seconds=0.0)
    person = await patient.person()
    async with receiving() as receiver:
        endpoint, _ = await patient.endpoint(person, receiver)
        for _ in range(2):
            await patient.record.run(await patient.ended_run(person))
        first, second = [await patient.outbox.claim_next(endpoint.endpoint_id) for _ in range(2)]
        client = _BeginsBefore(patient.pool)
        slow = PostgresOutbox(client, per_endpoint=2, pause_rule=patient.pause_rule)
        waits = asyncio.create_task(slow.failed(first, BROKEN, next_try_s=60))
        await client.has_begun.wait()
        await patient.outbox.failed(second, BROKEN, next_try_s=60)
        client.may_go_on.set()
        await waits
        assert (await patient.endpoints.get(person.member, endpoint.endpoint_id)).state == "paused"
        assert await patient.states(endpoint) == ["held", "held"]


async def test_what_waited_too_long_expires(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        await hooks.endpoints.pause(person.member, endpoint.endpoint_id)
        await hooks.record.run(await hooks.ended_run(person))
        assert await hooks.outbox.claim_next(endpoint.endpoint_id) is None
        await hooks.endpoints.resume(person.member, endpoint.endpoint_id, longest_wait_s=0)
        assert await hooks.states(endpoint) == ["expired"]


async def test_what_is_looked_at_while_it_is_resumed_is_not_put_aside_for_ever(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        await hooks.endpoints.pause(person.member, endpoint.endpoint_id)
        await hooks.record.run(await hooks.ended_run(person))
        async with hooks.pool.acquire() as connection:
            resuming = connection.transaction()
            await resuming.start()
            await connection.execute(
                "update identity.webhook_endpoints set state = 'active', state_reason = null where id = $1",
                endpoint.endpoint_id,
            )
            taking = asyncio.create_task(hooks.outbox.claim_next(endpoint.endpoint_id))
            await asyncio.wait([taking], timeout=0.3)
            await resuming.commit()
        assert await taking is not None
        assert await hooks.states(endpoint) == ["pending"]


async def test_gone_is_gone(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving(answer=lambda _: "410 Gone") as receiver, hooks.sender() as queues:
        endpoint, _ = await hooks.endpoint(person, receiver)
        await hooks.record.run(await hooks.ended_run(person))
        await queues.wake(endpoint.endpoint_id)
        await receiver.wait_for(1)
        await queues.stop()
        disabled = await hooks.endpoints.get(person.member, endpoint.endpoint_id)
        assert (disabled.state, disabled.state_reason) == ("disabled", "gone")
        assert await hooks.states(endpoint) == ["failed"]
        assert list(await hooks.record.run(await hooks.ended_run(person))) == []


async def test_a_restart_fails_no_delivery(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        await hooks.record.run(await hooks.ended_run(person))
        delivery = await hooks.outbox.claim_next(endpoint.endpoint_id)
        await hooks.outbox.release(delivery.claim)
        again = await hooks.outbox.claim_next(endpoint.endpoint_id)
        assert (again.event_id, again.failures) == (delivery.event_id, 1)


async def test_both_secrets_sign_for_a_day(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver, hooks.sender() as queues:
        endpoint, old = await hooks.endpoint(person, receiver)
        _, new = await hooks.rotate(person.member, endpoint.endpoint_id)
        await hooks.record.run(await hooks.ended_run(person))
        await queues.wake(endpoint.endpoint_id)
        [got] = await receiver.wait_for(1)
        assert got.verified(old) == got.verified(new)
        await hooks.pool.execute(
            "update identity.webhook_endpoints set old_secret_until = now() where id = $1",
            endpoint.endpoint_id,
        )
        await hooks.record.run(await hooks.ended_run(person))
        await queues.wake(endpoint.endpoint_id)
        got = (await receiver.wait_for(2))[1]
        assert len(got.headers["webhook-signature"].split(" ")) == 1
        got.verified(new)
