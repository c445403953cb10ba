"""A service token for /v1/admin, signed with OPERATOR_SECRET."""

from datetime import UTC, datetime, timedelta

import jwt
from oslira_shared.contracts.operator_tokens import ALGORITHM, AUDIENCE, TYPE


def sign_operator_token(secret: str, *, name: str, life: timedelta = timedelta(minutes=5)) -> str:
    """`name` is stored in the audit log."""
    now = datetime.now(UTC)
    claims = {"sub": name, "aud": AUDIENCE, "iat": now, "exp": now + life}
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"typ": TYPE})
