"""Context previews from analysis, over the bus."""

from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import CONTEXT_PREVIEW, ContextPreview, ContextPreviewRequest

from oslira_gateway.identity.caller import Member


class BusContextPreviews:
    """Implements ContextPreviews."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def of(self, member: Member, profile_id: UUID) -> ContextPreview:
        request = ContextPreviewRequest(business_profile_id=profile_id, account_id=member.account_id)
        return await self._bus.request(CONTEXT_PREVIEW, request, ContextPreview)
