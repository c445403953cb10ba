"""Stripe's webhook signature, scheme v1, over the raw bytes: the check of `stripe.Webhook`, for several secrets at once.

Our own code, so that the webhook answers without loading the SDK; the tests compare it with the SDK's signatures.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final

from oslira_shared.errors import OsliraError

TOLERANCE_S: Final = 300
_UNIX_SECONDS: Final = re.compile("[0-9]{1,12}")


def verify_signature(body: bytes, header: str | None, secrets: Sequence[str], *, now_s: float) -> None:
    """Raises OsliraError `invalid_signature` unless one of `secrets` signed `body` at most TOLERANCE_S ago."""
    timestamp, signatures = _parse(header or "")
    signed = f"{timestamp}.".encode() + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    pairs = ((one.encode(), other.encode()) for one in expected for other in signatures)
    if not any(hmac.compare_digest(one, other) for one, other in pairs):
        raise OsliraError("invalid_signature", "no signature in Stripe-Signature is ours")
    if timestamp < now_s - TOLERANCE_S:
        raise OsliraError("invalid_signature", f"the signature is older than {TOLERANCE_S} s")


def _parse(header: str) -> tuple[int, list[str]]:
    pairs = [item.strip().partition("=") for item in header.split(",")]
    times = [value for name, _, value in pairs if name == "t" and _UNIX_SECONDS.fullmatch(value)]
    if not times:
        raise OsliraError("invalid_signature", "Stripe-Signature is missing or malformed")
    return int(times[0]), [value for name, _, value in pairs if name == "v1"]
