"""Cancel a bulk: its active runs end at once, and its hold is settled for the completed ones."""

import asyncio
from typing import Final, Protocol
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.bulk.bulk import Bulk
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.cancel_analysis import ANSWERED_WITHIN_S

_LOOK_EVERY_S: Final = 0.05


class BulkRows(Protocol):
    """Reads bulks."""

    async def find(self, member: Member, bulk_id: UUID) -> Bulk | None:
        """A bulk of the member's chosen account."""
        ...


class BulkCancels(Protocol):
    """Requests analysis to end a bulk."""

    async def cancel(self, bulk_id: UUID, account_id: UUID) -> bool:
        """Whether it had active runs. Raises OsliraError: bulk_not_found, unavailable."""
        ...


class CancelBulk:
    """A repeated cancel gives the same answer; for a completed bulk it is `bulk_finished`."""

    def __init__(self, bulks: BulkRows, cancels: BulkCancels) -> None:
        self._bulks = bulks
        self._cancels = cancels

    async def __call__(self, member: Member, bulk_id: UUID) -> Bulk:
        """The bulk afterwards, settled if that was in time for the answer. Raises bulk_not_found, bulk_finished, unavailable."""
        clock_s = asyncio.get_running_loop().time
        answer_at_s = clock_s() + ANSWERED_WITHIN_S
        if (bulk := await self._bulks.find(member, bulk_id)) is None:
            raise OsliraError("bulk_not_found", "There is no such bulk in this account.")
        was_open = await self._cancels.cancel(bulk_id, member.account_id)
        while True:
            bulk = await self._bulks.find(member, bulk_id) or bulk
            if (bulk.is_ended and not bulk.credits.held) or clock_s() + _LOOK_EVERY_S >= answer_at_s:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        if not was_open and bulk.status != "cancelled":
            raise OsliraError("bulk_finished", "The bulk has completed already.", bulk=bulk)
        return bulk
