"""A running credits service, and the other ends of the bus it talks over."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from granting_ledger import GrantingLedger
from nats.aio.client import Client
from oslira_credits.domain.balance import Balance
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.analysis.v1 import OutcomeState, RunStatus
from oslira_shared.contracts.credits import v1 as contracts
from oslira_shared.ids import derived_id, new_id
from oslira_shared.postgres.clients import Pool


class ServedCredits:
    """A running credits service, its ledger, and the other services' ends of the bus."""

    def __init__(self, pool: Pool, peer: Bus, operator: Client) -> None:
        self.pool = pool
        self.ledger = GrantingLedger(pool)
        self.peer = peer
        self.jetstream = operator.jetstream()
        self.outcomes: dict[UUID, analysis.Outcome] = {}
        self.asked: list[UUID] = []
        self.account_id = uuid4()

        @peer.responder(analysis.OUTCOME)
        async def answer_outcome(request: analysis.OutcomeRequest) -> analysis.Outcome:
            self.asked.append(request.hold_id)
            unknown = analysis.Outcome(hold_id=request.hold_id, state=OutcomeState.UNKNOWN, capture_credits=0)
            return self.outcomes.get(request.hold_id, unknown)

    def ends(self, hold_id: UUID, state: OutcomeState, capture: int = 0) -> None:
        self.outcomes[hold_id] = analysis.Outcome(hold_id=hold_id, state=state, capture_credits=capture)

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
