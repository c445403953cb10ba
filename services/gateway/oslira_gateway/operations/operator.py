"""Who may use /v1/admin: a user with the operator claim of the token issuer, or a program with a token of at most 15 minutes."""

from dataclasses import dataclass
from typing import Any, Protocol

from oslira_shared.contracts.operator_tokens import ALGORITHM, AUDIENCE, MAX_LIFE, MAX_NAME_CHARS, TYPE
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.decode import decode, read_header
from oslira_gateway.identity.ports import Memberships, TokenVerifier


@dataclass(frozen=True, slots=True)
class Operator:
    """`actor` is the name in the audit log: `user:<id>` or `service:<name>`."""

    actor: str


class OperatorTokens(Protocol):
    """Verifies operators' tokens."""

    async def operator(self, token: str) -> Operator:
        """Raises OsliraError: token_invalid, token_expired, signed_out, forbidden."""
        ...


class JwtOperators:
    """Implements OperatorTokens. Without `secret` there are no service tokens."""

    def __init__(self, users: TokenVerifier, memberships: Memberships, *, secret: str | None) -> None:
        self._users = users
        self._memberships = memberships
        self._secret = secret

    async def operator(self, token: str) -> Operator:
        if self._secret is not None and read_header(token).get("typ") == TYPE:
            return _service(decode(token, self._secret, algorithm=ALGORITHM, issuer=None))
        caller = await self._users.verify(token)
        if not caller.is_operator:
            raise OsliraError("forbidden", "Only operators may do this.")
        await self._memberships.of_caller(caller)
        return Operator(f"user:{caller.user_id}")


def _service(claims: dict[str, Any]) -> Operator:
    name, issued_at, expires_at = claims.get("sub"), claims.get("iat"), claims["exp"]
    if claims.get("aud") != AUDIENCE or not isinstance(issued_at, int) or not isinstance(name, str):
        raise OsliraError("token_invalid", "This token is not an operator's.")
    if expires_at - issued_at > MAX_LIFE.total_seconds():
        raise OsliraError("token_invalid", "An operator's token may live for 15 minutes at most.")
    if not 0 < len(name) <= MAX_NAME_CHARS or not name.replace("-", "").isalnum() or not name.isascii():
        raise OsliraError("token_invalid", "The token's subject is not a service's name.")
    return Operator(f"service:{name}")
