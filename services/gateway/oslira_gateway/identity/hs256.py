"""Tokens signed with a shared secret (HS256), as Supabase's legacy projects and the development stack make them."""

from typing import Final

from oslira_shared.secrets import Secret

from oslira_gateway.identity.caller import Caller
from oslira_gateway.identity.claims import read_caller
from oslira_gateway.identity.decode import decode

ALGORITHM: Final = "HS256"


class Hs256Tokens:
    """Verifies tokens with one secret. The algorithm is never taken from the token's word alone."""

    def __init__(self, secret: str | Secret, *, issuer: str | None = None) -> None:
        """`secret`: asked for at each token where it may be rotated."""
        self._secret: Secret = secret if callable(secret) else lambda: secret
        self._issuer = issuer

    async def verify(self, token: str) -> Caller:
        return read_caller(decode(token, self._secret(), algorithm=ALGORITHM, issuer=self._issuer))
