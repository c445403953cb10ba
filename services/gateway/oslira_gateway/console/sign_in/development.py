"""Development only: sign in as anybody, with a token such as `oslira token` prints."""

import time
from typing import Final

import jwt
from oslira_shared.ids import derived_id

from oslira_gateway.console.session import Grant

_LIFE_S: Final = 12 * 3_600


def grant_as(email: str, secret: str) -> Grant:
    """The token of this address's development user. The API makes the user at their first request."""
    email = email.strip().lower()
    now = int(time.time())
    claims = {
        "sub": str(derived_id("development user", email)),
        "email": email,
        "role": "authenticated",
        "aud": "authenticated",
        "iat": now,
        "exp": now + _LIFE_S,
    }
    return Grant(jwt.encode(claims, secret, algorithm="HS256"), "", now + _LIFE_S, email)
