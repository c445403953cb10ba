"""Nkeys: a service proves that it holds a seed without sending it; the server knows its public half."""

import os
from typing import Any, Final

import nkeys

_SEED_BYTES: Final = 32


def new_seed(*, mark: bytes = b"") -> str:
    """A new user seed. Its secret bytes begin with `mark`, so that a development seed can be recognised."""
    raw = mark + os.urandom(_SEED_BYTES - len(mark))
    encoded: bytes = _nkeys().encode_seed(raw, _nkeys().PREFIX_BYTE_USER)
    return encoded.decode()


def public_key(seed: str) -> str:
    """The public key. Raises ValueError if it is not a user's seed."""
    _raw(seed)
    key: bytes = _nkeys().from_seed(bytearray(seed.strip().encode())).public_key
    return key.decode().rstrip("=")


def holds(seed: str, mark: bytes) -> bool:
    """Whether the seed was made with this mark. Raises ValueError if it is not a user's seed."""
    return _raw(seed).startswith(mark)


def _raw(seed: str) -> bytes:
    try:
        prefix, raw = _nkeys().decode_seed(seed.strip().encode())
    except Exception as error:
        raise ValueError("not an nkey seed") from error
    if prefix != _nkeys().PREFIX_BYTE_USER:
        raise ValueError("it is not a user's nkey seed")
    # A checksum of two bytes follows.
    return bytes(raw)[:_SEED_BYTES]


def _nkeys() -> Any:
    return nkeys  # it has no types
