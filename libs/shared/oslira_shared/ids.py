"""Ids: time-ordered for new rows, derived where the same input must get the same id again."""

import os
import time
from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("6f736c69-7261-4000-8000-000000000001")


def new_id() -> UUID:
    """A random UUIDv7 (RFC 9562): it begins with the milliseconds, so that indexes grow at one end."""
    millis = time.time_ns() // 1_000_000
    value = (millis & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def derived_id(*parts: object) -> UUID:
    """The same UUIDv5 for the same parts, always."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))
