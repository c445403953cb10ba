"""Settle a hold by its run's outcome: once, for any number of requests."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError
from oslira_shared.observability import trace

from oslira_credits.application.ports import Announcements, Ledger, Outcomes
from oslira_credits.domain.hold import Settlement
from oslira_credits.domain.settlement import Extend, decide
from oslira_credits.metrics import CREDITS_MOVED, UNPAID

_LOG = structlog.get_logger()


class NotAnnounced(OsliraError):  # noqa: N818
    """The hold is settled, and its event could not be stored."""


@dataclass(frozen=True, slots=True)
class SettleHold:
    """`life` is the extension of a hold whose run is still active."""

    ledger: Ledger
    outcomes: Outcomes
    announcements: Announcements
    life: timedelta

    async def __call__(self, hold_id: UUID, *, account_id: UUID | None = None) -> Settlement | None:
        """The settlement, or None while the run is unfinished.

        `account_id` is the account to publish for a tombstone, which has no account. Raises OsliraError `unavailable`
        when the event cannot be stored; a repeated call then completes the rest.
        """
        # A sweep has no request headers to take the account from.
        with trace.span("settle", under=trace.continued(hold_id)):
            return await self._settle(hold_id, account_id)

    async def _settle(self, hold_id: UUID, account_id: UUID | None) -> Settlement | None:
        hold = await self.ledger.find(hold_id)
        if hold is not None and hold.settlement is not None:
            settlement = hold.settlement
        else:
            decision = decide(await self.outcomes.of(hold_id), hold)
            if isinstance(decision, Extend):
                await self.ledger.extend(hold_id, life=self.life)
                return None
            if decision.unpaid > 0:
                UNPAID.inc(decision.unpaid)
                _LOG.error("outcome_exceeds_hold", hold_id=str(hold_id), unpaid_credits=decision.unpaid)
            settlement = await self.ledger.settle(hold_id, decision.capture)
            if settlement.is_new:
                CREDITS_MOVED.labels("captured").inc(settlement.captured)
                CREDITS_MOVED.labels("released").inc(settlement.released)
                _LOG.info("hold_settled", hold_id=str(hold_id), captured_credits=settlement.captured)
        told = settlement.account_id or account_id
        if told is not None:
            try:
                await self.announcements.settled(hold_id, told, is_new=settlement.is_new)
            except OsliraError as error:
                raise NotAnnounced(error.code, error.detail) from error
        return settlement
