"""Tokens for one run of an anonymous caller: they read the run and its events, for as long as the run is stored."""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from oslira_shared.errors import OsliraError

# No JWT has this prefix, so neither is accepted as the other.
PREFIX: Final = "oslira-run-"
_MAX_LENGTH: Final = 256


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """`expires_at` in UTC."""

    text: str
    expires_at: datetime


class RunTokens:
    """Signs and checks them. `clock` is seconds since the epoch."""

    def __init__(self, secret: str, *, life: timedelta, clock: Callable[[], float] = time.time) -> None:
        # A separate key, so that it is never accepted as a stream's ticket or a user's token.
        self._key = hmac.digest(secret.encode(), b"oslira anonymous run token v1", "sha256")
        self._life = life
        self._clock = clock

    def issue(self, run_id: UUID) -> IssuedToken:
        """A token for this run."""
        expires_at = int(self._clock() + self._life.total_seconds())
        payload = json.dumps([run_id.hex, expires_at]).encode()
        text = f"{PREFIX}{_encode(payload)}.{_encode(self._sign(payload))}"
        return IssuedToken(text, datetime.fromtimestamp(expires_at, UTC))

    def run_of(self, token: str) -> UUID | None:
        """The token's run; None for another kind of token. Raises OsliraError: token_invalid, token_expired."""
        if not token.startswith(PREFIX):
            return None
        try:
            payload, signature = (
                _decode(part) for part in token[:_MAX_LENGTH].removeprefix(PREFIX).split(".")
            )
        except (ValueError, binascii.Error) as error:
            raise _invalid() from error
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise _invalid()
        run_id, expires_at = json.loads(payload)
        if expires_at < self._clock():
            raise OsliraError("token_expired", "The token has expired, and the analysis is gone with it.")
        return UUID(run_id)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")


def _invalid() -> OsliraError:
    return OsliraError("token_invalid", "The token is not valid.")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
