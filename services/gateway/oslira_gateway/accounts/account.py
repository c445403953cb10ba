"""Accounts, members and invitations, and their limits."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from oslira_gateway.identity.caller import AccountKind, Role

MAX_ACCOUNTS_OF_USER: Final = 20
MAX_MEMBERS: Final = 100
MAX_OPEN_INVITATIONS: Final = 50
INVITATION_LIFE: Final = timedelta(days=7)

InvitedRole = Literal["admin", "member"]
# No line breaks or other control characters: names are shown in mails and lists.
_Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$"),
]
_Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        min_length=3,
        max_length=320,
        pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$",
    ),
]


class AccountName(BaseModel):
    """The account's name."""

    model_config = ConfigDict(extra="forbid")
    name: _Name


class NewRole(BaseModel):
    """The member's new role."""

    model_config = ConfigDict(extra="forbid")
    role: Role


class NewInvitation(BaseModel):
    """The invited address and its role. An owner is made by changing a member's role, not by invitation."""

    model_config = ConfigDict(extra="forbid")
    email: _Email
    role: InvitedRole = Field(default="member")


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, and the caller's role in it."""

    account_id: UUID
    name: str
    kind: AccountKind
    role: Role


@dataclass(frozen=True, slots=True)
class MemberView:
    """A user who belongs to an account."""

    user_id: UUID
    email: str | None
    role: Role
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation that can still be accepted. `invited_by`: the user id of its author."""

    invitation_id: UUID
    email: str
    role: InvitedRole
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """A new invitation. `token` is shown only here: put it into the link for the invited person."""

    invitation_id: UUID
    email: str
    role: InvitedRole
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime
    token: str


def token_hash(token: str) -> bytes:
    """The stored form of a token. It is random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()
