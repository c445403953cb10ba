"""Tickets for event streams and pictures. A browser sends no headers for them, so the address identifies the caller.

A ticket opens the stream of one run, bulk or account for one user. It is valid for ten minutes, or until the user's token expires;
one for a lead's picture for ten to twenty minutes. It is part of the query, which is never logged. `open_streams.py` checks whether
the user still belongs to the account.
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

from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Member

LIFE: Final = timedelta(minutes=10)
_MAX_LENGTH: Final = 512
Kind = Literal["run", "bulk", "account", "avatar"]


@dataclass(frozen=True, slots=True)
class Follower:
    """The reader of a stream: a user in an account, by one sign-in. Without `user_id`: an anonymous caller with one run.

    `session` and `signed_in_at_s` are the token's `session_id` and `iat`; `token_expires_at_s` its `exp`, in seconds since the epoch.
    """

    account_id: UUID
    user_id: UUID | None
    session: str = ""
    signed_in_at_s: int = 0
    token_expires_at_s: int | None = None


ANONYMOUS_FOLLOWER: Final = Follower(ANONYMOUS_ACCOUNT_ID, None)


def follower_of(member: Member) -> Follower:
    """The member, with the sign-in of their token."""
    caller = member.caller
    return Follower(
        member.account_id, caller.user_id, caller.session, caller.signed_in_at_s, caller.token_expires_at_s
    )


class Tickets:
    """Signs and checks tickets. `clock` is seconds since the epoch."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        # A separate key, so that a ticket is never accepted as a token, or a token as a ticket.
        self._key = hmac.digest(secret.encode(), b"oslira event ticket v2", "sha256")
        self._clock = clock

    def issue(self, kind: Kind, thing_id: UUID, follower: Follower) -> str:
        """A ticket for the stream of this run, bulk or account, or for the picture of this lead."""
        expires_at = int(self._clock() + LIFE.total_seconds())
        if kind == "avatar":  # the same address for up to ten minutes, so that browsers can cache the picture
            expires_at += -expires_at % int(LIFE.total_seconds())
        payload = json.dumps(
            [
                kind,
                thing_id.hex,
                follower.account_id.hex,
                expires_at,
                follower.user_id.hex if follower.user_id else None,
                follower.session,
                follower.signed_in_at_s,
                follower.token_expires_at_s,
            ],
            separators=(",", ":"),
        ).encode()
        return _encode(payload) + "." + _encode(self._sign(payload))

    def check(self, text: str, kind: Kind, *, thing_id: UUID | None = None) -> Follower:
        """The follower of a valid ticket for this thing. Raises OsliraError `ticket_invalid`."""
        try:
            payload, signature = (_decode(part) for part in text[:_MAX_LENGTH].split("."))
        except (ValueError, binascii.Error) as error:
            raise ticket_refused() from error
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise ticket_refused()
        wanted, thing, account, expires_at, user, session, signed_in_at_s, token_expires_at_s = json.loads(
            payload
        )
        is_other = thing_id is not None and UUID(thing) != thing_id
        ends_at = min(expires_at, token_expires_at_s or expires_at)
        if wanted != kind or is_other or ends_at < self._clock():
            raise ticket_refused()
        return Follower(
            UUID(account), UUID(user) if user else None, session, signed_in_at_s, token_expires_at_s
        )

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)


def ticket_refused() -> OsliraError:
    """One error for all cases: expired, for another thing, not signed by us, or the user lost access."""
    return OsliraError(
        "ticket_invalid",
        "The ticket is invalid or has expired; read its run, bulk or lead again to get a new one.",
    )


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
