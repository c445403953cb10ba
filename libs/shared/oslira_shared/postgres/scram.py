"""Postgres's stored form of a password, so that the password itself is never in a statement, a log or pg_stat_activity."""

import base64
import hashlib
import hmac
import os
import unicodedata
from collections.abc import Callable
from typing import Final

# As the server's own (scram_iterations).
_ITERATIONS: Final = 4096
_SALT_BYTES: Final = 16


def scram_verifier(password: str, *, random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """`SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, which ALTER ROLE stores as it is (RFC 5802, RFC 7677)."""
    salt = random_bytes(_SALT_BYTES)
    # SASLprep's normalization; our passwords have no characters that it forbids.
    normalized = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", normalized, salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(_ITERATIONS, *encoded)
