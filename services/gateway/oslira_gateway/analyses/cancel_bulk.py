"""Cancel a bulk: what it still has at work ends at once, and its hold is settled for what had completed."""

import asyncio
from typing import Final, Protocol
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.analyses.bulk import Bulk
from oslira_gateway.analyses.request_bulk import Bulks
from oslira_gateway.identity.caller import Member

# Longer than this nobody waits for the settlement; it comes by itself.
_SETTLED_WITHIN_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.05


class BulkCancels(Protocol):
    """Asks analysis to end a bulk."""

    async def cancel(self, bulk_id: UUID, account_id: UUID) -> bool:
        """Whether anything was left to end. Raises OsliraError: bulk_not_found, unavailable."""
        ...


class CancelBulk:
    """Cancelling again answers the same; a bulk that has completed is `bulk_finished`."""

    def __init__(self, bulks: Bulks, cancels: BulkCancels) -> None:
        self._bulks = bulks
        self._cancels = cancels

    async def __call__(self, member: Member, bulk_id: UUID) -> Bulk:
        """The bulk afterwards, settled if that took less than a second. Raises bulk_not_found, bulk_finished, unavailable."""
        if (bulk := await self._bulks.find(member, bulk_id)) is None:
            raise OsliraError("bulk_not_found", "There is no such bulk in this account.")
        was_open = await self._cancels.cancel(bulk_id, member.account_id)
        for _ in range(round(_SETTLED_WITHIN_S / _LOOK_EVERY_S)):
            bulk = await self._bulks.find(member, bulk_id) or bulk
            if bulk.is_ended and not bulk.credits.held:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        if not was_open and bulk.status != "cancelled":
            raise OsliraError("bulk_finished", "The bulk has completed already.", bulk=bulk)
        return bulk
