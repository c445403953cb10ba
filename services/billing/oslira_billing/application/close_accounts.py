"""Ends what a deleted account has at Stripe: its subscriptions are cancelled, and its open checkouts expired."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError

_LOG = structlog.get_logger()
_BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class Closure:
    """Stripe's ids of a deleted account: customers that may have an open checkout, subscriptions that have not ended."""

    account_id: UUID
    customers: Sequence[str]
    subscriptions: Sequence[str]


class Closures(Protocol):
    """Accounts that identity has marked deleted."""

    async def waiting(self, *, limit: int) -> Sequence[Closure]:
        """Those with something left at Stripe, oldest first; a failed one returns after a delay."""
        ...

    async def finish(self, closure: Closure) -> None:
        """Nothing of it is left: its subscriptions have ended."""
        ...

    async def postpone(self, closure: Closure, *, reason: str) -> None:
        """It failed: retry later, with a growing delay."""
        ...


class Endings(Protocol):
    """Ends objects at Stripe. Ending one that has ended is no error. Raises OsliraError."""

    async def cancel_subscription(self, subscription_id: str) -> None:
        """At once, without a refund: what was paid is an operator's decision."""
        ...

    async def expire_checkouts(self, customer_id: str) -> None:
        """All open checkouts of a customer."""
        ...


@dataclass(frozen=True, slots=True)
class CloseAccounts:
    """One pass; the runtime repeats it. It is idempotent, so no claim is needed."""

    closures: Closures
    endings: Endings

    async def __call__(self) -> None:
        """One account's failure does not stop others; a metric and an alert show those that wait."""
        for closure in await self.closures.waiting(limit=_BATCH):
            try:
                await self._close(closure)
            except OsliraError as error:
                _LOG.warning("account_not_closed", account_id=str(closure.account_id), reason=str(error))
                await self.closures.postpone(closure, reason=str(error))
            else:
                await self.closures.finish(closure)

    async def _close(self, closure: Closure) -> None:
        # Checkouts first: a purchase in between appears as a subscription that the next pass cancels.
        for customer_id in closure.customers:
            await self.endings.expire_checkouts(customer_id)
        for subscription_id in closure.subscriptions:
            await self.endings.cancel_subscription(subscription_id)
            _LOG.info(
                "subscription_cancelled", subscription_id=subscription_id, account_id=str(closure.account_id)
            )
