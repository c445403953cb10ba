"""Memberships in memory, for tests."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from oslira_gateway.identity.caller import Membership


class MemoryMemberships:
    """Memberships by user, in the order they were added."""

    def __init__(self) -> None:
        self._of_user: defaultdict[UUID, list[Membership]] = defaultdict(list)

    def add(self, user_id: UUID, membership: Membership) -> None:
        """Make the user a member."""
        self._of_user[user_id].append(membership)

    async def of_user(self, user_id: UUID) -> Sequence[Membership]:
        """See Memberships."""
        return tuple(self._of_user[user_id])
