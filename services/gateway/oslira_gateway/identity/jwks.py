"""A JSON Web Key Set: which keys are used, and the algorithm of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ALGORITHMS: Final = frozenset({"ES256", "RS256"})
MAX_KEYS: Final = 64
_MIN_RSA_BITS: Final = 2_048


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies signatures of exactly one algorithm."""

    key_id: str
    algorithm: str
    key: Any


class NotAKeySetError(ValueError):
    """The document is no key set at all."""


def read_key_set(document: bytes) -> Mapping[str, PublicKey]:
    """The usable keys by key id. Keys that are not for ES256 or RS256, weak or invalid are skipped; the result may be empty."""
    try:
        keys = json.loads(document)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotAKeySetError("no JSON object with `keys`") from error
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise NotAKeySetError(f"`keys` is not a list of at most {MAX_KEYS}")
    found = [_read_key(key) for key in keys if isinstance(key, dict)]
    return {key.key_id: key for key in found if key is not None}


def _read_key(jwk: dict[str, Any]) -> PublicKey | None:
    key_id, kind = jwk.get("kid"), jwk.get("kty")
    # By key type, so that a public key is never used as a shared secret. `oct` keys are ignored.
    algorithm = "RS256" if kind == "RSA" else "ES256" if kind == "EC" and jwk.get("crv") == "P-256" else None
    if not isinstance(key_id, str) or algorithm is None or jwk.get("alg", algorithm) != algorithm:
        return None
    if jwk.get("use", "sig") != "sig" or "d" in jwk or not _may_verify(jwk):
        return None
    try:
        key: Any = (RSAAlgorithm if algorithm == "RS256" else ECAlgorithm).from_jwk(jwk)
    except (jwt.InvalidKeyError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        return None
    return PublicKey(key_id, algorithm, key)


def _may_verify(jwk: dict[str, Any]) -> bool:
    """Whether its `key_ops`, if any, include `verify`."""
    operations = jwk.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations
