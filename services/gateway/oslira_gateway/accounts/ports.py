"""What the accounts' routes need."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from oslira_gateway.accounts.account import (
    AccountView,
    InvitationView,
    IssuedInvitation,
    MemberView,
    NewInvitation,
)
from oslira_gateway.identity.caller import Caller, Member


class Accounts(Protocol):
    """Accounts and who belongs to them. That the caller's role allows it was checked before."""

    async def create(self, caller: Caller, name: str) -> AccountView:
        """A team account that the caller owns. Raises OsliraError `limit_reached`."""
        ...

    async def rename(self, member: Member, name: str) -> None:
        """For everybody in it."""
        ...

    async def delete(self, member: Member) -> None:
        """From now on nobody reaches it; 30 days later its rows go. Raises `subscription_active`."""
        ...

    async def members(self, member: Member) -> Sequence[MemberView]:
        """All of them, oldest first."""
        ...

    async def change_role(self, member: Member, user_id: UUID, role: str) -> MemberView:
        """Raises `member_not_found`; `last_owner` when nobody would own the account afterwards."""
        ...

    async def remove(self, member: Member, user_id: UUID) -> None:
        """Raises `member_not_found`, `last_owner`; `forbidden` where an owner would go by one who isn't."""
        ...


class Invitations(Protocol):
    """Who may become a member."""

    async def open(self, member: Member) -> Sequence[InvitationView]:
        """Those that can still be accepted, newest first."""
        ...

    async def issue(self, member: Member, invitation: NewInvitation) -> IssuedInvitation:
        """In place of an open one for the same address. Raises `limit_reached`."""
        ...

    async def revoke(self, member: Member, invitation_id: UUID) -> None:
        """Raises `invitation_not_found` unless it is open."""
        ...

    async def accept(self, caller: Caller, token: str) -> AccountView:
        """Become a member, once; again: the same answer. A role the caller has already stays.

        Raises `invitation_not_found` (also: used, revoked, expired), `invitation_not_yours`, `limit_reached`.
        """
        ...
