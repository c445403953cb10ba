"""Start a new account's trial: request the free plan from billing until it has begun."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.ports import FreePlans, SignUps

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StartTrial:
    """One attempt, by the process that claims the row."""

    sign_ups: SignUps
    free_plans: FreePlans

    async def __call__(self, account_id: UUID) -> None:
        """Errors are recorded in the row and not raised."""
        held = await self.sign_ups.claim(account_id)
        if held is None:
            return
        try:
            await self.free_plans.start(account_id)
        except OsliraError as error:
            if error.is_transient:
                await self.sign_ups.wait(held)
            else:
                _LOG.error("trial_refused", account_id=str(account_id), code=error.code)
                await self.sign_ups.refuse(held, error.code)
        else:
            await self.sign_ups.finish(held)


@dataclass(frozen=True, slots=True)
class SweepSignUps:
    """Runs every second, for crashes between account and grant, outages of the bus, and trials that waited for this day."""

    sign_ups: SignUps
    start_trial: StartTrial

    async def __call__(self) -> None:
        """Start a batch of due sign-ups."""
        for account_id in await self.sign_ups.sweep():
            await self.start_trial(account_id)
