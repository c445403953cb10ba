"""Who sends next: each endpoint has a lane of its own, so that a slow one holds up nobody else."""

from typing import Final
from uuid import UUID

from oslira_shared.work import LeaseKeeper

from oslira_gateway.webhooks.deliver import Deliver
from oslira_gateway.webhooks.metrics import LAG
from oslira_gateway.webhooks.ports import ClaimedDelivery, Outbox

# A try takes 10 s at most.
_STOP_GRACE_S: Final = 11.0


class EndpointQueues:
    """At most `capacity` deliveries at work in this process. How many of one endpoint may be, in all processes, the outbox knows."""

    def __init__(self, outbox: Outbox, deliver: Deliver, lease_keeper: LeaseKeeper, *, capacity: int) -> None:
        self._outbox = outbox
        self._deliver = deliver
        self._lease_keeper = lease_keeper
        self._capacity = capacity
        self._taking = 0
        self._is_stopping = False

    async def wake_all(self) -> None:
        """Wake every lane that has something due: retries, replays, what a crash left, what another process made."""
        waiting = await self._outbox.waiting()
        LAG.set(waiting[0][1] if waiting else 0.0)
        for endpoint_id, _ in waiting:
            if not self._has_room:
                return
            await self.wake(endpoint_id)

    async def wake(self, endpoint_id: UUID) -> None:
        """Start what this endpoint may have at work."""
        while self._has_room:
            self._taking += 1
            try:
                delivery = await self._outbox.claim_next(endpoint_id)
            finally:
                self._taking -= 1
            if delivery is None:
                return
            self._lease_keeper.start(delivery.claim, self._work(delivery))

    async def stop(self) -> None:
        """Let what is at work end; what doesn't in time is handed back, for another process to repeat."""
        self._is_stopping = True
        for claim in await self._lease_keeper.stop(grace_s=_STOP_GRACE_S):
            await self._outbox.release(claim)

    @property
    def _has_room(self) -> bool:
        return not self._is_stopping and self._lease_keeper.load + self._taking < self._capacity

    async def _work(self, delivery: ClaimedDelivery) -> None:
        await self._deliver(delivery)
        # The lane's next one at once; where the process is full, wake_all() shares what becomes free.
        await self.wake(delivery.endpoint_id)
