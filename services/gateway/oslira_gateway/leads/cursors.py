"""Cursors of lists of leads: signed, and valid for one account, filter and order only."""

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
    """Encodes and decodes cursors. With another account or search a cursor would skip or repeat leads, so it is rejected."""

    def __init__(self, secret: str) -> None:
        # A separate key, so that a cursor is never accepted as anything else.
        self._key = hmac.digest(secret.encode(), b"oslira lead cursor v1", "sha256")

    def encode(self, place: Place, *, account_id: UUID, search: LeadSearch) -> str:
        """The text of next_cursor."""
        value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
        payload = json.dumps([value, place.lead_id.hex], separators=(",", ":")).encode()
        signed = self._mac(payload, account_id, search) + payload
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

    def decode(self, text: str, *, account_id: UUID, search: LeadSearch) -> Place:
        """Raises OsliraError `invalid_request` unless it is a cursor of this list."""
        refused = OsliraError(
            "invalid_request",
            "Invalid cursor. Keep filter and order while you page; leave the cursor out to start again.",
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
