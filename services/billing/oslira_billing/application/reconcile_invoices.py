"""Invoice reconciliation: what was paid, and what the ledger granted for it. Differences are named, kept and told; never mended."""

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
    """`what` is a stable word, `ref` the grant key, `detail` names the ids and figures for people."""

    what: str
    ref: str
    detail: str
    account_id: UUID | None


class Reconciliation(Protocol):
    """Billing's records beside the ledger's."""

    async def compare(self) -> tuple[int, Sequence[Difference]]:
        """(how many grants and payments were compared, those that differ), as of one moment."""
        ...

    async def keep(self, differences: Sequence[Difference]) -> None:
        """Store what is so now; what was stored and is so no more is marked resolved."""
        ...


@dataclass(frozen=True, slots=True)
class ReconcileInvoices:
    """A job. A difference is no failure of the job: trying again would not mend it."""

    reconciliation: Reconciliation

    async def __call__(self, _slot: datetime, progress: JobProgress) -> None:
        """Counts: what was compared; `differences` stand in billing.differences, which a figure counts, and in the log."""
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
