"""Places in lists of leads, as `next_cursor` has them: signed, and good for one account, filter and order alone."""

import base64
import binascii
import hmac
import json
from datetime import datetime
from typing import Final
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.leads.search import LeadSearch, Place, Sort, SortValue

_MAC_BYTES: Final = 16


class LeadCursors:
    """Encodes and decodes places. Under another account or search a cursor would skip or repeat leads: it is refused."""

    def __init__(self, secret: str) -> None:
        # A key of its own: a cursor can pass for nothing else.
        self._key = hmac.digest(secret.encode(), b"oslira lead cursor v1", "sha256")

    def encode(self, place: Place, *, account_id: UUID, search: LeadSearch) -> str:
        """As it stands in next_cursor."""
        value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
        payload = json.dumps([value, place.lead_id.hex], separators=(",", ":")).encode()
        signed = self._mac(payload, account_id, search) + payload
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

    def decode(self, text: str, *, account_id: UUID, search: LeadSearch) -> Place:
        """Raises OsliraError `invalid_request` for anything but a cursor of this very list."""
        refused = OsliraError(
            "invalid_request",
            "The cursor is not one that this list returned; leave it out to begin anew, and keep filter and order while you page.",
        )
        try:
            signed = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except (ValueError, binascii.Error) as error:
            raise refused from error
        mac, payload = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload, account_id, search)):
            raise refused
        value, lead_id = json.loads(payload)  # ours, since it is signed
        return Place(_value(value, search.sort), UUID(lead_id))

    def _mac(self, payload: bytes, account_id: UUID, search: LeadSearch) -> bytes:
        bound = json.dumps([account_id.hex, search.identity]).encode()
        return hmac.digest(self._key, bound + b"\n" + payload, "sha256")[:_MAC_BYTES]


def _value(value: str | int, sort: Sort) -> SortValue:
    return datetime.fromisoformat(str(value)) if sort is Sort.ANALYSED_AT else value
