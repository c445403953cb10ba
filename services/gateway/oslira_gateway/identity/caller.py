"""Who asks: a verified user, and that user in one account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from oslira_shared.errors import OsliraError

Role = Literal["owner", "admin", "member"]
AccountKind = Literal["personal", "team"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A user whose token was verified. Nothing here comes from metadata that users may edit.

    `is_operator`: the token's issuer says so in app_metadata; operators see dollars.
    `is_confirmed`: `email` is theirs, by the issuer's word; only such users get an account of their own.
    `session`, `signed_in_at_s`, `token_expires_at_s`: the token's `session_id`, `iat` and `exp` (seconds since the epoch).
    """

    user_id: UUID
    email: str | None = None
    is_operator: bool = False
    is_confirmed: bool = False
    session: str = ""
    signed_in_at_s: int = 0
    token_expires_at_s: int | None = None

    @property
    def claims(self) -> Mapping[str, Any]:
        """What row-level security gets to see: no more than it needs."""
        return {"sub": str(self.user_id), "role": "authenticated"}


def signed_out() -> OsliraError:
    """What a token is refused with after its sign-in has ended."""
    return OsliraError("signed_out", "You have signed out; sign in again.")


@dataclass(frozen=True, slots=True)
class Membership:
    """One account of a user."""

    account_id: UUID
    name: str
    kind: AccountKind
    role: Role


@dataclass(frozen=True, slots=True)
class Member:
    """A caller in the account they chose: every query is by this account, never by user."""

    caller: Caller
    account_id: UUID
    role: Role
