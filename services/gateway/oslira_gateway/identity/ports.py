"""What identity needs from outside."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from oslira_gateway.identity.caller import Caller, Membership


class TokenVerifier(Protocol):
    """Tells who a token speaks for."""

    async def verify(self, token: str) -> Caller:
        """Raises OsliraError: token_invalid, token_expired, or service_token_refused for a service's own token."""
        ...


class Memberships(Protocol):
    """Who belongs to which account."""

    async def of_user(self, user_id: UUID) -> Sequence[Membership]:
        """The user's accounts that aren't deleted, oldest membership first."""
        ...
