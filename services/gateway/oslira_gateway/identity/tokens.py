"""Verifiers of tokens: by the issuer's keys, and the choice of a verifier by algorithm."""

from collections.abc import Mapping
from typing import Final

from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Caller
from oslira_gateway.identity.claims import read_caller
from oslira_gateway.identity.decode import decode, read_header
from oslira_gateway.identity.hs256 import ALGORITHM as HS256
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.jwks import ALGORITHMS as ASYMMETRIC
from oslira_gateway.identity.jwks_keys import JwksKeys
from oslira_gateway.identity.ports import TokenVerifier

_WELL_KNOWN: Final = "/.well-known/jwks.json"


class JwksTokens:
    """Verifies tokens with the key that they name, by that key's algorithm; the token's `alg` must be the same."""

    def __init__(self, keys: JwksKeys, *, issuer: str | None) -> None:
        self._keys = keys
        self._issuer = issuer

    async def verify(self, token: str) -> Caller:
        """Also raises `unavailable` if no key set was ever fetched."""
        key_id = read_header(token).get("kid")
        key = await self._keys.find(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise OsliraError("token_invalid", "The token names no key of its issuer.")
        return read_caller(decode(token, key.key, algorithm=key.algorithm, issuer=self._issuer))


class TokensByAlgorithm:
    """Passes a token to the verifier for its algorithm, which uses only its own keys and algorithms."""

    def __init__(self, *, shared_secret: Hs256Tokens | None, jwks: JwksTokens | None) -> None:
        self._verifiers: Mapping[str, TokenVerifier] = {
            **({HS256: shared_secret} if shared_secret else {}),
            **(dict.fromkeys(ASYMMETRIC, jwks) if jwks else {}),
        }

    async def verify(self, token: str) -> Caller:
        algorithm = read_header(token).get("alg")
        verifier = self._verifiers.get(algorithm) if isinstance(algorithm, str) else None
        if verifier is None:
            raise OsliraError("token_invalid", "The token is not signed in a way that is accepted here.")
        return await verifier.verify(token)


def issuer_of(jwks_url: str) -> str | None:
    """The issuer of a key set's address, if it is a well-known address of Supabase or OpenID."""
    return jwks_url.removesuffix(_WELL_KNOWN) if jwks_url.endswith(_WELL_KNOWN) else None
