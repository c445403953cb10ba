"""Pictures of leads, requested from analysis, which stores them."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import AVATAR, Avatar, AvatarRequest
from oslira_shared.errors import OsliraError

from oslira_gateway.leads.ports import Picture

_TIMEOUT_S: Final = 8.0


class BusPictures:
    """Implements Pictures."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def of_lead(self, account_id: UUID, lead_id: UUID, *, known_etags: Sequence[str]) -> Picture:
        request = AvatarRequest(lead_id=lead_id, account_id=account_id, known_etags=list(known_etags))
        answer = await self._bus.request(AVATAR, request, Avatar, timeout_s=_TIMEOUT_S)
        return Picture(answer.etag, answer.content_type, _bytes_of(answer.content_base64))


def _bytes_of(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise OsliraError("internal", "The picture came in another form than agreed.") from error
