"""A new account's trial: asked of billing until it says that the free plan has begun."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.ports import FreePlans, SignUps

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StartTrial:
    """One attempt. Who holds the row acts; whoever comes second finds nothing to do."""

    sign_ups: SignUps
    free_plans: FreePlans

    async def __call__(self, account_id: UUID) -> None:
        """Raises nothing that the row doesn't remember."""
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
    """Every second: a crash between account and grant, a bus that was away, a day that has begun."""

    sign_ups: SignUps
    start_trial: StartTrial

    async def __call__(self) -> None:
        """A batch of those that are due."""
        for account_id in await self.sign_ups.sweep():
            await self.start_trial(account_id)
