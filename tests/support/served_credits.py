"""A running credits service, the rows of analysis that it reads, and the other services' connection to the bus."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from granting_ledger import GrantingLedger
from nats.aio.client import Client
from oslira_credits.domain.balance import Balance
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.contracts.credits import v1 as contracts
from oslira_shared.ids import derived_id, new_id
from oslira_shared.postgres.clients import Pool

_DELETE_RUN = "delete from analysis.runs where id = $1"
_RUN = """
insert into analysis.runs (id, state, account_id, business_profile_id, type, username, price_credits, max_age_s, error_code,
  finished_at)
values ($1, $2, $3, gen_random_uuid(), 'light', 'name', $4, 60, case when $2 = 'failed' then 'stalled' end,
  case when $2 in ('completed', 'failed', 'cancelled') then now() end)
"""


class ServedCredits:
    """A running credits service and its ledger. `rows` is a superuser's pool, `peer` the other services' bus."""

    def __init__(self, pool: Pool, rows: Pool, peer: Bus, operator: Client) -> None:
        self.pool, self.rows = pool, rows
        self.ledger = GrantingLedger(pool)
        self.peer = peer
        self.jetstream = operator.jetstream()
        self.account_id = uuid4()

    async def set_run(self, hold_id: UUID, status: RunStatus, price: int = 1) -> None:
        """The hold's run has this status now."""
        await self.rows.execute(_DELETE_RUN, hold_id)
        await self.rows.execute(_RUN, hold_id, status, self.account_id, price)

    async def is_extended(self, hold_id: UUID) -> bool:
        """Whether an open hold is due later than its first life, of at most 0.2 s."""
        query = "select due_at > created_at + interval '0.3 seconds' from credits.holds where id = $1"
        return bool(await self.pool.fetchval(query, hold_id))

    async def hold(self, amount: int = 1, hold_id: UUID | None = None) -> contracts.Held:
        request = contracts.HoldRequest(
            hold_id=hold_id or uuid4(), account_id=self.account_id, amount_credits=amount
        )
        return await self.peer.request(contracts.HOLD, request, contracts.Held)

    async def announce(self, hold_id: UUID) -> None:
        event = analysis.RunEnded(
            event_id=derived_id("ended", hold_id),
            run_id=hold_id,
            account_id=self.account_id,
            status=RunStatus.COMPLETED,
        )
        await self.peer.publish(analysis.RUN_ENDED, event, msg_id=str(new_id()))

    async def published(self, count: int) -> list[contracts.Settled]:
        """The `settled` events, once there are `count` of them."""
        return [
            contracts.Settled.model_validate_json(data)
            for data in await self.events(contracts.SETTLED, count)
        ]

    async def events(self, subject: str, count: int) -> list[bytes]:
        """The messages published on a subject, once there are `count`."""
        await until(lambda: self._is_told(subject, count))
        messages = [
            await self.jetstream.get_msg("EVENTS", sequence)
            for sequence in range(1, 1 + (await self.jetstream.stream_info("EVENTS")).state.last_seq)
        ]
        return [message.data or b"" for message in messages if message.subject == subject]

    async def _is_told(self, subject: str, count: int) -> bool:
        info = await self.jetstream.stream_info("EVENTS", subjects_filter=subject)
        return (info.state.subjects or {}).get(subject, 0) >= count

    async def spend(self, amount: int) -> None:
        await self.pool.execute("select public.deduct_credits($1, $2, 'x', '')", self.account_id, -amount)

    async def all_told(self) -> None:
        """Until no notice waits."""

        async def none_waits() -> bool:
            return await self.pool.fetchval("select count(*) from credits.notices") == 0

        await until(none_waits)

    async def balance(self) -> Balance:
        return (await self.ledger.account_balance(self.account_id)).balance


async def until(holds: Callable[[], Awaitable[bool]], *, timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not await holds():  # another process's state has no event to wait for
            await asyncio.sleep(0.05)
