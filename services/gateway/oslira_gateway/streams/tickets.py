"""Tickets for event streams and pictures: a browser sends no headers for them, so the address itself has to say who asks.

A ticket opens the stream of one run, bulk or account for the user it was issued to, for ten minutes at most and not beyond that user's
token; one for the picture of a lead is good for ten to twenty.
It is part of a query, which is never logged. Whether the user still belongs to the account is checked in `open_streams.py`.
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
    """Who follows a stream: a user in an account, by one sign-in. Without `user_id`: a visitor, who has one run and no account.

    `session` and `signed_in_at_s` are the token's `session_id` and `iat`; `token_expires_at_s` its `exp`, in seconds since the epoch.
    """

    account_id: UUID
    user_id: UUID | None
    session: str = ""
    signed_in_at_s: int = 0
    token_expires_at_s: int | None = None


ANONYMOUS_FOLLOWER: Final = Follower(ANONYMOUS_ACCOUNT_ID, None)


def follower_of(member: Member) -> Follower:
    """The member who asks, with the sign-in that their token is from."""
    caller = member.caller
    return Follower(
        member.account_id, caller.user_id, caller.session, caller.signed_in_at_s, caller.token_expires_at_s
    )


class Tickets:
    """Signs and checks tickets. `clock` is seconds since the epoch."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        # A key of its own: a ticket can never pass for a token, nor the other way round.
        self._key = hmac.digest(secret.encode(), b"oslira event ticket v2", "sha256")
        self._clock = clock

    def issue(self, kind: Kind, thing_id: UUID, follower: Follower) -> str:
        """A ticket for the stream of this run, bulk or account, or for the picture of this lead."""
        expires_at = int(self._clock() + LIFE.total_seconds())
        if (
            kind == "avatar"
        ):  # the same address for up to ten minutes, so that a browser finds the picture in its cache
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
        """Who may follow, if the ticket is ours, for this thing and not expired. Raises OsliraError `ticket_invalid`."""
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
    """Expired, of another thing, not ours, or its user may not follow any more: the same answer for all of them."""
    return OsliraError(
        "ticket_invalid", "The ticket is not valid any more; read what it is for to get a new one."
    )


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
