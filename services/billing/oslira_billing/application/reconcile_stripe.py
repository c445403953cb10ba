"""Daily reconciliation with Stripe: the job compares yesterday's money with what was granted for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

import structlog
from oslira_shared.deadline import within
from oslira_shared.jobs import JobProgress

from oslira_billing.application.compare_money import CompareMoney
from oslira_billing.application.money_ports import MoneyRecords
from oslira_billing.domain.mismatch import Mismatch

_LOG = structlog.get_logger()
_MOST_LOGGED: Final = 100
# Events may be delayed: a slot soon after midnight means the day before yesterday's end.
GRACE: Final = timedelta(hours=1)
_LIMIT_S: Final = 900.0


def day_before(slot: datetime) -> tuple[datetime, datetime]:
    """The last whole day (UTC) that ended `GRACE` before the slot or earlier."""
    end = datetime.combine((slot - GRACE).date(), time(), slot.tzinfo)
    return end - timedelta(days=1), end


@dataclass(frozen=True, slots=True)
class ReconcileStripe:
    """A job. A mismatch does not fail the job: it is stored, measured and reported to operators, and nothing is changed.

    Unresolved mismatches of earlier days are compared again, so that a corrected one is resolved.
    """

    compare: CompareMoney
    records: MoneyRecords

    async def __call__(self, slot: datetime, progress: JobProgress) -> None:
        """Raises OsliraError or DeadlineExceeded if Stripe does not answer in full: the slot is retried."""
        start, end = day_before(slot)
        also = await self.records.unresolved() | await self.records.frozen()
        comparing = self.compare(start, end, also=also)
        compared = await within(_LIMIT_S, comparing, call="stripe_reconciliation")
        await self.records.keep(compared.touched, compared.mismatches)
        progress.succeeded = len(compared.touched.purchases)
        progress.found = len(compared.mismatches)
        log_mismatches(compared.mismatches)


def log_mismatches(mismatches: Sequence[Mismatch]) -> None:
    """The first hundred, by their ids."""
    for one in mismatches[:_MOST_LOGGED]:
        _LOG.error(
            "stripe_mismatch",
            kind=one.kind,
            stripe_id=one.stripe_id,
            account_id=str(one.account_id),
            credits=one.credits,
            detail=one.detail,
        )
