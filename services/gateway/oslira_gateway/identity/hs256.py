"""Tokens signed with a shared secret (HS256), as issued by legacy projects of Supabase and by the development stack."""

from typing import Final

from oslira_shared.secrets import Secret

from oslira_gateway.identity.caller import Caller
from oslira_gateway.identity.claims import read_caller
from oslira_gateway.identity.decode import decode

ALGORITHM: Final = "HS256"


class Hs256Tokens:
    """Verifies tokens with one secret. The algorithm is fixed, not read from the token."""

    def __init__(self, secret: str | Secret, *, issuer: str | None = None) -> None:
        """`secret` is read for each token if it may be rotated."""
        self._secret: Secret = secret if callable(secret) else lambda: secret
        self._issuer = issuer

    async def verify(self, token: str) -> Caller:
        return read_caller(decode(token, self._secret(), algorithm=ALGORITHM, issuer=self._issuer))
