"""Invoice reconciliation: payments against the ledger's grants. Differences are stored and reported, never repaired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import structlog
from oslira_shared.jobs import JobProgress

_LOG = structlog.get_logger()
_MOST_LOGGED: Final = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is a stable code, `ref` the grant key, `detail` a text with ids and amounts for operators."""

    what: str
    ref: str
    detail: str
    account_id: UUID | None


class Reconciliation(Protocol):
    """Billing's records against the ledger's."""

    async def compare(self) -> tuple[int, Sequence[Difference]]:
        """(how many grants and payments were compared, those that differ), in one snapshot."""
        ...

    async def keep(self, differences: Sequence[Difference]) -> None:
        """Store the current differences; mark stored ones that no longer exist as resolved."""
        ...


@dataclass(frozen=True, slots=True)
class ReconcileInvoices:
    """A job. A difference does not fail the job: a retry would not repair it."""

    reconciliation: Reconciliation

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts what was compared. Differences are stored in billing.differences, exported as a metric, and logged."""
        compared, differences = await self.reconciliation.compare()
        await self.reconciliation.keep(differences)
        progress.succeeded = compared
        progress.found = len(differences)
        for one in differences[:_MOST_LOGGED]:
            _LOG.error(
                "reconciliation_mismatch",
                what=one.what,
                ref=one.ref,
                detail=one.detail,
                account_id=str(one.account_id),
            )
