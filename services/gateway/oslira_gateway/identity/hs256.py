"""Tokens signed with a shared secret (HS256), as Supabase's legacy projects and the development stack make them."""

from typing import Any, Final
from uuid import UUID

import jwt
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Caller

ALGORITHMS: Final = ("HS256",)
AUDIENCE: Final = "authenticated"
MAX_TOKEN_BYTES: Final = 8_192
LEEWAY_S: Final = 5


class Hs256Tokens:
    """Verifies tokens with one secret. The algorithm is never taken from the token's word alone."""

    def __init__(self, secret: str, *, issuer: str | None = None) -> None:
        self._secret = secret
        self._issuer = issuer

    async def verify(self, token: str) -> Caller:
        """See TokenVerifier."""
        claims = self._claims(token)
        role = claims.get("role")
        if role == "service_role":
            raise OsliraError("service_token_refused", "A service's token can't be used as a user's.")
        if role != AUDIENCE or AUDIENCE not in _audiences(claims):
            raise OsliraError("token_invalid", "This token is not for signed-in users.")
        try:
            user_id = UUID(claims["sub"])
        except (KeyError, ValueError) as error:
            raise OsliraError("token_invalid", "The token's subject is not a user.") from error
        email = claims.get("email")
        return Caller(
            user_id=user_id,
            email=email if isinstance(email, str) else None,
            is_operator=_is_operator(claims),
        )

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_BYTES:
            raise OsliraError("token_invalid", "The token is too long.")
        try:
            return jwt.decode(
                token,
                self._secret,
                algorithms=list(ALGORITHMS),
                issuer=self._issuer,
                leeway=LEEWAY_S,
                # The audience is checked after the role: a service's token has none, and is told so by name.
                options={"require": ["exp"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise OsliraError("token_expired", "The token has expired; sign in again.") from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise OsliraError("token_invalid", "The token is not valid.") from error


def _is_operator(claims: dict[str, Any]) -> bool:
    # app_metadata is the issuer's alone; user_metadata could be written by the user.
    metadata = claims.get("app_metadata")
    return isinstance(metadata, dict) and metadata.get("oslira_operator") is True


def _audiences(claims: dict[str, Any]) -> list[Any]:
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]
