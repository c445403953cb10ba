"""A new account's free plan: the subscription and the first month's credits. The monthly renewal gives the next ones."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_shared.catalog import SIGN_UP_PLAN


class FreePlans(Protocol):
    """Plans that cost nothing, and nobody asked Stripe about."""

    async def start(self, account_id: UUID, plan: str) -> int:
        """The subscription and the grant of its first period, in one transaction; how many credits, 0 when there was a plan.

        Raises OsliraError `account_not_found` unless identity says that this account waits for it.
        """
        ...


@dataclass(frozen=True, slots=True)
class StartFreePlan:
    """Once for an account, however often it is asked for."""

    free_plans: FreePlans

    async def __call__(self, account_id: UUID) -> int:
        """The credits that were granted now."""
        return await self.free_plans.start(account_id, SIGN_UP_PLAN)
