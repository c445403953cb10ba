"""`identity.webhook_deliveries` as work rows. Lock order: endpoint, then delivery."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, cast
from uuid import UUID

import structlog
from oslira_shared.postgres.clients import AdminClient, Connection, Record
from oslira_shared.work import Claim, WorkTable, claim, release, transition

from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.metrics import PAUSED
from oslira_gateway.webhooks.ports import ClaimedDelivery
from oslira_gateway.webhooks.schedule import MAX_TRIES, PauseRule

_LOG = structlog.get_logger()
# Longer than an attempt takes: afterwards the process counts as crashed.
DELIVERIES: Final = WorkTable(
    name="identity.webhook_deliveries",
    claimable=frozenset({"pending"}),
    lease_s=30.0,
    max_failures=MAX_TRIES,
)
_FREE: Final = "(d.lease_until is null or d.lease_until <= now())"
# A loose index scan from endpoint to endpoint: one step each, however many deliveries wait.
_WAITING: Final = f"""
with recursive endpoint(endpoint_id) as (
  (select d.endpoint_id from identity.webhook_deliveries d where d.due_at is not null order by d.endpoint_id limit 1)
  union all
  select (select d.endpoint_id from identity.webhook_deliveries d
           where d.due_at is not null and d.endpoint_id > endpoint.endpoint_id order by d.endpoint_id limit 1)
    from endpoint where endpoint.endpoint_id is not null
)
select endpoint.endpoint_id, extract(epoch from now() - head.due_at)::float8 as waited_s
  from endpoint cross join lateral (
    select d.due_at from identity.webhook_deliveries d
     where d.endpoint_id = endpoint.endpoint_id and d.due_at <= now() and {_FREE} order by d.due_at limit 1) head
 order by head.due_at limit 500
"""
# clock_timestamp(), not now(): of two concurrent failures the one that began first may get the lock last.
_LOCK_ENDPOINT: Final = """
select url, state, sealed_secret, case when old_secret_until > now() then sealed_old_secret end as sealed_old_secret,
       failure_count, coalesce(extract(epoch from statement_timestamp() - failing_since), 0)::float8 as failing_for_s,
       now() as claimed_at
  from identity.webhook_endpoints where id = $1 for no key update
"""
# Separate statements after the lock: in one statement they would count rows from before it.
_NEXT: Final = f"""
select d.id, d.failures from identity.webhook_deliveries d
 where d.endpoint_id = $1 and d.due_at <= now() and {_FREE}
   and (select count(*) from identity.webhook_deliveries b
         where b.endpoint_id = $1 and b.due_at is not null and b.lease_until > now()) < $2
 order by d.due_at limit 1
"""
_PUT_ASIDE: Final = f"""
update identity.webhook_deliveries d set state = $2, due_at = null, lease_until = null, not_before = null, seq = seq + 1
 where d.endpoint_id = $1 and d.state = 'pending' and {_FREE}
"""
_BURY: Final = """
update identity.webhook_deliveries
   set state = 'failed', due_at = null, lease_until = null, problem = $2, seq = seq + 1 where id = $1
"""
_CLEAR_FAILURES: Final = """
update identity.webhook_endpoints
   set failure_count = 0, failing_since = null, last_problem = null, last_delivered_at = now() where id = $1
"""
_COUNT_FAILURE: Final = """
update identity.webhook_endpoints
   set failure_count = failure_count + 1, failing_since = coalesce(failing_since, now()), last_problem = $2
 where id = $1
"""
_STOP: Final = """
update identity.webhook_endpoints
   set state = $2, state_reason = $3, state_changed_at = now(), updated_at = now() where id = $1 and state = 'active'
"""


class PostgresOutbox:
    """Implements Outbox. For all accounts, so it uses the service's own client."""

    def __init__(
        self,
        database: AdminClient,
        *,
        per_endpoint: int,
        pause_rule: PauseRule,
        lease_s: float = DELIVERIES.lease_s,
    ) -> None:
        self._database = database
        self._per_endpoint = per_endpoint
        self._pause_rule = pause_rule
        self.table = replace(DELIVERIES, lease_s=lease_s)

    async def waiting(self) -> Sequence[tuple[UUID, float]]:
        async with self._database.connection() as connection:
            return [(row["endpoint_id"], row["waited_s"]) for row in await connection.fetch(_WAITING)]

    async def claim_next(self, endpoint_id: UUID) -> ClaimedDelivery | None:
        async with self._database.transaction() as connection:
            endpoint = await connection.fetchrow(_LOCK_ENDPOINT, endpoint_id)
            if endpoint is None:
                return None
            if endpoint["state"] != "active":
                await _put_aside(connection, endpoint_id, endpoint["state"])
                return None
            while (row := await connection.fetchrow(_NEXT, endpoint_id, self._per_endpoint)) is not None:
                if row["failures"] < self.table.max_failures:
                    held = await claim(connection, self.table, row["id"])
                    return None if held is None else _claimed_delivery(endpoint_id, endpoint, held)
                # It crashed in its last attempt, so it is marked here.
                await connection.execute(_BURY, row["id"], DeliveryProblem.GIVEN_UP)
        return None

    async def delivered(self, delivery: ClaimedDelivery, answer: Answer) -> None:
        async with self._database.transaction() as connection:
            await connection.fetchrow(_LOCK_ENDPOINT, delivery.endpoint_id)
            row = await transition(
                connection,
                _claim(delivery),
                to_state="delivered",
                due_in_s=None,
                values=_tried(delivery, answer),
                stamps=["delivered_at"],
            )
            if row is not None:
                await connection.execute(_CLEAR_FAILURES, delivery.endpoint_id)

    async def failed(self, delivery: ClaimedDelivery, answer: Answer, *, next_try_s: float | None) -> None:
        async with self._database.transaction() as connection:
            await connection.fetchrow(_LOCK_ENDPOINT, delivery.endpoint_id)
            held, values = _claim(delivery), _tried(delivery, answer)
            if next_try_s is None:
                is_ours = await transition(connection, held, to_state="failed", due_in_s=None, values=values)
            else:
                is_ours = await release(connection, held, is_counted=True, delay_s=next_try_s, values=values)
            if not is_ours:
                return
            await connection.execute(_COUNT_FAILURE, delivery.endpoint_id, answer.problem)
            await self._judge(connection, delivery.endpoint_id, answer)

    async def release(self, claim: Any) -> None:
        async with self._database.connection() as connection:
            await release(connection, claim, is_counted=False)

    async def _judge(self, connection: Connection, endpoint_id: UUID, answer: Answer) -> None:
        endpoint = await connection.fetchrow(_LOCK_ENDPOINT, endpoint_id)
        if endpoint is None or endpoint["state"] != "active":
            return
        if answer.problem is DeliveryProblem.GONE:
            state, reason = "disabled", "gone"
        elif self._pause_rule.is_over(
            failures=endpoint["failure_count"], failing_for_s=endpoint["failing_for_s"]
        ):
            state, reason = "paused", "failing"
        else:
            return
        await connection.execute(_STOP, endpoint_id, state, reason)
        await _put_aside(connection, endpoint_id, state)
        PAUSED.labels(reason).inc()
        _LOG.warning("webhook_endpoint_stopped", endpoint_id=str(endpoint_id), why=reason)


async def _put_aside(connection: Connection, endpoint_id: UUID, endpoint_state: str) -> None:
    """Deliveries of a paused endpoint are held; those of a disabled one fail."""
    await connection.execute(_PUT_ASIDE, endpoint_id, "held" if endpoint_state == "paused" else "expired")


def _claimed_delivery(endpoint_id: UUID, endpoint: Record, held: Claim) -> ClaimedDelivery:
    sealed = (endpoint["sealed_secret"], endpoint["sealed_old_secret"])
    return ClaimedDelivery(
        claim=held,
        endpoint_id=endpoint_id,
        event_id=held.row["event_id"],
        url=endpoint["url"],
        body=held.row["body"],
        sealed_secrets=[one for one in sealed if one is not None],
        failures=held.failures,
        claimed_at=endpoint["claimed_at"],
    )


def _tried(delivery: ClaimedDelivery, answer: Answer) -> dict[str, Any]:
    return {
        "tries": _claim(delivery).row["tries"] + 1,
        "response_status": answer.status,
        "problem": answer.problem,
        "last_tried_at": delivery.claimed_at,
    }


def _claim(delivery: ClaimedDelivery) -> Claim:
    return cast("Claim", delivery.claim)
