"""`billing.webhook_events`: the events that Stripe delivered, as rows of work."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import asyncpg
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.work import Claim, WorkTable, claim, release, sweep, transition

from oslira_billing.application.ports import BillingRecords, Received
from oslira_billing.domain.event import StripeEvent, parse_event
from oslira_billing.infrastructure.postgres.billing_records import PostgresBillingRecords

EVENTS: Final = WorkTable(
    name="billing.webhook_events", claimable=frozenset({"received", "applied"}), lease_s=30.0
)
# Stripe waits longer than this for our answer; a database that takes longer is down.
_STORE_TIMEOUT_S: Final = 5.0

_STORE: Final = """
    insert into billing.webhook_events
      (id, stripe_event_id, type, livemode, api_version, stripe_customer_id, payload, state, due_at)
    values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, 'received', now() + make_interval(secs => $8))
    on conflict (stripe_event_id) do nothing
    returning id
"""
_MARK_DEAD: Final = """
    update billing.webhook_events
       set state = case state when 'applied' then 'done' else 'dead' end, due_at = null, seq = seq + 1,
           reason = coalesce(reason, 'attempts_used_up')
     where id = any($1::uuid[]) and state in ('received', 'applied') and failures >= $2
"""
# Its wait starts again too, or one that had waited too long would end at once.
_REQUEUE: Final = """
    update billing.webhook_events
       set state = 'received', failures = 0, reason = null, not_before = null, lease_until = null, due_at = now(),
           waited_from = now(), first_tried_at = null, seq = seq + 1
     where (stripe_event_id = $1 or id::text = $1) and state = 'dead' and payload is not null
    returning id
"""
_STATE: Final = "select state from billing.webhook_events where stripe_event_id = $1 or id::text = $1"


class PostgresInbox:
    """Implements Inbox."""

    def __init__(self, database: AdminClient, *, lease_s: float = EVENTS.lease_s) -> None:
        """`lease_s`: longer than all requests of an event to Stripe may take; a crash is detected after it."""
        self._database = database
        self._events = replace(EVENTS, lease_s=lease_s)

    async def store(self, event: StripeEvent, body: str) -> UUID | None:
        values = (event.id, event.type, event.livemode, event.api_version, event.customer_id)
        try:
            async with asyncio.timeout(_STORE_TIMEOUT_S), self._database.connection() as connection:
                return await connection.fetchval(_STORE, new_id(), *values, body, self._events.hint_every_s)
        except asyncpg.DataError as error:
            raise OsliraError("invalid_request", "the event holds text that no database can") from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise OsliraError("unavailable", f"the event was not stored: {type(error).__name__}") from error

    async def claim(self, row_id: UUID) -> Received | None:
        async with self._database.connection() as connection:
            held = await claim(connection, self._events, row_id)
        if held is None:
            return None
        now = self._claimed_at(held)
        return Received(
            row_id=row_id,
            state=held.state,
            waited=now - (held.row["first_tried_at"] or now),
            account_id=held.row["account_id"],
            event=parse_event(held.row["payload"]).as_of(held.row["created_at"]),
            claim=held,
        )

    @asynccontextmanager
    async def records(self) -> AsyncGenerator[BillingRecords]:
        async with self._database.transaction() as connection:
            yield PostgresBillingRecords(connection)

    async def next_fetch_seq(self) -> int:
        async with self._database.connection() as connection:
            return await connection.fetchval("select nextval('billing.fetch_seq')")

    async def end(self, received: Received, *, state: str, reason: str | None = None) -> None:
        async with self._database.connection() as connection:
            await transition(
                connection, _claim(received), to_state=state, due_in_s=None, values={"reason": reason}
            )

    async def wait(
        self, received: Received, *, seconds: float, reason: str, waits_for: str | None = None
    ) -> None:
        held = _claim(received)
        first_tried_at = held.row["first_tried_at"] or self._claimed_at(held)
        async with self._database.connection() as connection:
            await release(
                connection,
                held,
                is_counted=False,
                delay_s=seconds,
                values={
                    "reason": reason[:500],
                    "waits_for": waits_for,
                    "first_tried_at": first_tried_at,
                },
            )

    async def retry(self, received: Received, *, reason: str) -> None:
        async with self._database.connection() as connection:
            await release(connection, _claim(received), is_counted=True, values={"reason": reason[:500]})

    async def requeue(self, event_id: str) -> UUID:
        async with self._database.connection() as connection:
            row_id = await connection.fetchval(_REQUEUE, event_id)
            if row_id is None:
                state = await connection.fetchval(_STATE, event_id)
                if state is None:
                    raise OsliraError("not_found", f"there is no event {event_id}")
                raise OsliraError("conflict", f"event {event_id} is {state}, or its body was cleared")
        return row_id

    async def sweep(self, waiting_since: datetime | None = None) -> list[tuple[UUID, str, int]]:
        since = dict.fromkeys(self._events.claimable, waiting_since) if waiting_since else {}
        async with self._database.transaction() as connection:
            rows = await sweep(connection, self._events, waiting_since=since)
            used_up = [row.row_id for row in rows if row.is_exhausted]
            if used_up:
                await connection.execute(_MARK_DEAD, used_up, self._events.max_failures)
        return [(row.row_id, row.state, row.attempt) for row in rows if not row.is_exhausted]

    def _claimed_at(self, held: Claim) -> datetime:
        """The lease was set just then: this is Postgres's time, not ours."""
        return held.row["lease_until"] - timedelta(seconds=self._events.lease_s)


def _claim(received: Received) -> Claim:
    return cast("Claim", received.claim)
