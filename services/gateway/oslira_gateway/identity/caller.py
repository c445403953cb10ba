"""The caller: a verified user, and that user in one account."""

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
    `is_confirmed`: the issuer has verified `email`; only such users get a personal account.
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
        """The claims that row-level security needs."""
        return {"sub": str(self.user_id), "role": "authenticated"}


def signed_out() -> OsliraError:
    """The error for a token whose sign-in has ended."""
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
    """A caller in the selected account: each query filters by this account, never by user."""

    caller: Caller
    account_id: UUID
    role: Role
