"""Tickets for event streams: a browser's EventSource sends no headers, so the address itself has to say who may listen.

A ticket opens the stream of one run, bulk or account for ten minutes and nothing else. It stands in a query, which is never logged.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from oslira_shared.errors import OsliraError

LIFE: Final = timedelta(minutes=10)
_MAX_LENGTH: Final = 512
GroupKind = Literal["bulk", "account"]


@dataclass(frozen=True, slots=True)
class RunTicket:
    """Whoever holds it may follow this run of this account."""

    run_id: UUID
    account_id: UUID


class Tickets:
    """Signs and checks tickets. `clock` is seconds since the epoch."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        # A key of its own: a ticket can never pass for a token, nor the other way round.
        self._key = hmac.digest(secret.encode(), b"oslira event ticket v1", "sha256")
        self._clock = clock

    def issue(self, ticket: RunTicket) -> str:
        """A ticket good for ten minutes from now."""
        return self._issue("run", ticket.run_id, ticket.account_id)

    def issue_for(self, kind: GroupKind, thing_id: UUID, account_id: UUID) -> str:
        """A ticket for a bulk's or a whole account's stream, good for ten minutes from now."""
        return self._issue(kind, thing_id, account_id)

    def _issue(self, kind: str, thing_id: UUID, account_id: UUID) -> str:
        expires_at = int(self._clock() + LIFE.total_seconds())
        payload = json.dumps([kind, thing_id.hex, account_id.hex, expires_at]).encode()
        return _encode(payload) + "." + _encode(self._sign(payload))

    def check(self, text: str, *, run_id: UUID) -> RunTicket:
        """The ticket, if it is ours, for this run and not expired. Raises OsliraError `ticket_invalid`."""
        _, account_id = self._check(text, "run", run_id)
        return RunTicket(run_id=run_id, account_id=account_id)

    def check_for(self, text: str, kind: GroupKind, *, thing_id: UUID | None = None) -> UUID:
        """The account whose bulk this is, or whose runs. Raises OsliraError `ticket_invalid`."""
        _, account_id = self._check(text, kind, thing_id)
        return account_id

    def _check(self, text: str, wanted: str, thing_id: UUID | None) -> tuple[UUID, UUID]:
        refused = OsliraError(
            "ticket_invalid", "The ticket is not valid any more; read the run for a new one."
        )
        try:
            payload, signature = (_decode(part) for part in text[:_MAX_LENGTH].split("."))
        except (ValueError, binascii.Error) as error:
            raise refused from error
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise refused
        kind, thing, account, expires_at = json.loads(payload)
        is_other = thing_id is not None and UUID(thing) != thing_id
        if kind != wanted or is_other or expires_at < self._clock():
            raise refused
        return UUID(thing), UUID(account)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
