"""A new account's free plan: the subscription and the first month's credits. The monthly renewal grants the next ones."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_shared.catalog import SIGN_UP_PLAN


class FreePlans(Protocol):
    """Plans that cost nothing and don't exist at Stripe."""

    async def start(self, account_id: UUID, plan: str) -> int:
        """The subscription and the grant of its first period, in one transaction; returns the credits, 0 if there was a plan.

        Raises OsliraError `account_not_found` unless identity has this account waiting for it.
        """
        ...


@dataclass(frozen=True, slots=True)
class StartFreePlan:
    """Once per account, for any number of requests."""

    free_plans: FreePlans

    async def __call__(self, account_id: UUID) -> int:
        """The credits that were granted by this call."""
        return await self.free_plans.start(account_id, SIGN_UP_PLAN)
