"""Signing secrets: created once, shown once, stored sealed. Signing needs the secret itself, so a hash is not enough."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
# How long the previous secret also signs after a rotation.
OVERLAP_S: Final = 24 * 3600.0
_NONCE_BYTES: Final = 12
_KEY_ID_BYTES: Final = 4
_PURPOSE: Final = b"oslira webhook secrets v1"
RandomBytes = Callable[[int], bytes]


class UnreadableSecret(Exception):  # noqa: N818  (the name says what is so)
    """No key opens it: its key was removed, or it was sealed for another endpoint."""


def make_secret(random_bytes: RandomBytes) -> str:
    """A new secret in the receivers' form: `whsec_` and base64."""
    return PREFIX + base64.b64encode(random_bytes(SECRET_BYTES)).decode()


class Keyring:
    """Seals with its first key and opens with any: put a new key first, and remove the old one once no secret needs it."""

    def __init__(self, keys: Sequence[str], *, random_bytes: RandomBytes) -> None:
        """`keys`: random texts, from which AES-256 keys are derived."""
        self._keys = [(_key_id(key), AESGCM(_derive(key))) for key in keys]
        self._random_bytes = random_bytes

    def seal(self, secret: str, endpoint_id: UUID) -> bytes:
        """Key id, nonce, AES-GCM. Bound to its endpoint: in another endpoint's row it cannot be opened."""
        key_id, key = self._keys[0]
        nonce = self._random_bytes(_NONCE_BYTES)
        return key_id + nonce + key.encrypt(nonce, secret.encode(), endpoint_id.bytes)

    def open(self, sealed: bytes, endpoint_id: UUID) -> str:
        """Raises UnreadableSecret."""
        wanted, rest = sealed[:_KEY_ID_BYTES], sealed[_KEY_ID_BYTES:]
        for key_id, key in self._keys:
            if key_id == wanted:
                try:
                    return key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], endpoint_id.bytes).decode()
                except (InvalidTag, ValueError) as error:
                    raise UnreadableSecret from error
        raise UnreadableSecret


def _derive(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())


def _key_id(key: str) -> bytes:
    return hashlib.sha256(_PURPOSE + key.encode()).digest()[:_KEY_ID_BYTES]
