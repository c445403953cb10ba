"""One key, one algorithm: what a token claims, once its signature and times are checked."""

from typing import Any, Final

import jwt
from oslira_shared.errors import OsliraError

MAX_TOKEN_BYTES: Final = 8_192
LEEWAY_S: Final = 5


def read_header(token: str) -> dict[str, Any]:
    """What a token says of itself, unverified: good for choosing among keys, for nothing else. Raises `token_invalid`."""
    if len(token) > MAX_TOKEN_BYTES:
        raise OsliraError("token_invalid", "The token is too long.")
    try:
        return jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise OsliraError("token_invalid", "The token is not valid.") from error


def decode(token: str, key: Any, *, algorithm: str, issuer: str | None) -> dict[str, Any]:
    """The claims. `algorithm` is the key's own, never the token's. Raises `token_invalid` or `token_expired`."""
    if len(token) > MAX_TOKEN_BYTES:
        raise OsliraError("token_invalid", "The token is too long.")
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            leeway=LEEWAY_S,
            # The audience is checked after the role: a service's token has none, and is told so by name.
            options={"require": ["exp"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise OsliraError("token_expired", "The token has expired; sign in again.") from error
    except (jwt.InvalidTokenError, jwt.InvalidKeyError, ValueError, RecursionError) as error:
        raise OsliraError("token_invalid", "The token is not valid.") from error
