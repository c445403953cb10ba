"""Verify a token's signature and times with one key and one algorithm, and return its claims."""

import re
import time
from typing import Any, Final

import jwt
from oslira_shared.errors import OsliraError

MAX_TOKEN_BYTES: Final = 8_192
# An issuer's clock may be ahead of ours; without this, new tokens would be rejected for that time.
CLOCK_LEEWAY_S: Final = 60
# Expired tokens are rejected sooner.
EXPIRY_LEEWAY_S: Final = 5
# Three parts of base64url without padding (RFC 7515). The library accepts more.
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_API_KEYS: Final = ("sb_publishable_", "sb_secret_")


def read_header(token: str) -> dict[str, Any]:
    """The unverified header of a token, only to select a key. Raises `token_invalid`."""
    if len(token) > MAX_TOKEN_BYTES:
        raise OsliraError("token_invalid", "The token is too long.")
    if token.startswith(_API_KEYS):
        raise OsliraError(
            "token_invalid", "This is an API key of the project; send the signed-in user's access token."
        )
    if not _COMPACT.fullmatch(token):
        raise OsliraError("token_invalid", "The token is not a JSON Web Token.")
    try:
        return jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise OsliraError("token_invalid", "The token is not valid.") from error


def decode(token: str, key: Any, *, algorithm: str, issuer: str | None) -> dict[str, Any]:
    """The claims. `algorithm` is the key's own, never the token's. Raises `token_invalid` or `token_expired`."""
    read_header(token)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            leeway=CLOCK_LEEWAY_S,
            # The audience is checked after the role: a service's token has none, and gets its own error.
            options={"require": ["exp"], "verify_aud": False},
        )
        is_expired = int(claims["exp"]) + EXPIRY_LEEWAY_S <= time.time()
    except jwt.ExpiredSignatureError as error:
        raise _expired() from error
    except jwt.ImmatureSignatureError as error:
        raise OsliraError(
            "token_invalid",
            f"The token is not valid yet by this server's clock (iat or nbf is more than {CLOCK_LEEWAY_S} s ahead); "
            "the clock of its issuer and this one differ.",
        ) from error
    except jwt.InvalidIssuerError as error:
        raise OsliraError(
            "token_invalid",
            "The token is from another issuer than the configured one; a slash at its end counts.",
        ) from error
    except (
        jwt.InvalidTokenError,
        jwt.InvalidKeyError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise OsliraError("token_invalid", "The token is not valid.") from error
    if is_expired:
        raise _expired()
    return claims


def _expired() -> OsliraError:
    return OsliraError("token_expired", "The token has expired; sign in again.")
