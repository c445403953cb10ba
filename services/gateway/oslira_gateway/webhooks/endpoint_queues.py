"""Chooses what to send next: each endpoint is a queue of its own, so that a slow one does not delay the others."""

from typing import Final
from uuid import UUID

from oslira_shared.work import LeaseKeeper

from oslira_gateway.webhooks.deliver import Deliver
from oslira_gateway.webhooks.metrics import LAG
from oslira_gateway.webhooks.ports import ClaimedDelivery, Outbox

# An attempt takes 10 s at most.
_STOP_GRACE_S: Final = 11.0


class EndpointQueues:
    """At most `capacity` active deliveries in this process. The outbox limits those of one endpoint in the whole fleet."""

    def __init__(self, outbox: Outbox, deliver: Deliver, lease_keeper: LeaseKeeper, *, capacity: int) -> None:
        self._outbox = outbox
        self._deliver = deliver
        self._lease_keeper = lease_keeper
        self._capacity = capacity
        self._taking = 0
        self._is_stopping = False

    async def wake_all(self) -> None:
        """Wake every queue with due deliveries: retries, replays, those of a crashed or another process."""
        waiting = await self._outbox.waiting()
        LAG.set(waiting[0][1] if waiting else 0.0)
        for endpoint_id, _ in waiting:
            if not self._has_room:
                return
            await self.wake(endpoint_id)

    async def wake(self, endpoint_id: UUID) -> None:
        """Start what this endpoint may send now."""
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
        """Wait for active deliveries; release those that take too long, for another process to repeat."""
        self._is_stopping = True
        for claim in await self._lease_keeper.stop(grace_s=_STOP_GRACE_S):
            await self._outbox.release(claim)

    @property
    def _has_room(self) -> bool:
        return not self._is_stopping and self._lease_keeper.load + self._taking < self._capacity

    async def _work(self, delivery: ClaimedDelivery) -> None:
        await self._deliver(delivery)
        # The endpoint's next one immediately; if the process is at capacity, wake_all() distributes what becomes free.
        await self.wake(delivery.endpoint_id)
