"""Identity in memory, for tests."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

from oslira_gateway.identity.caller import Caller, Membership


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


class MemorySignOuts:
    """See SignOuts. Who signed out, by user and session."""

    def __init__(self) -> None:
        self.ended: set[tuple[UUID, str]] = set()

    async def sign_out(self, caller: Caller) -> None:
        """See SignOuts."""
        self.ended.add((caller.user_id, caller.session))


class MemorySignUps:
    """Sign-ups by account; `networks` counts the trials of today."""

    def __init__(self, memberships: MemoryMemberships, *, per_network: int = 5) -> None:
        self._memberships = memberships
        self._per_network = per_network
        self._users: dict[UUID, str | None] = {}
        self._held: set[UUID] = set()
        self.states: dict[UUID, str] = {}
        self.networks: Counter[str] = Counter()
        self._network_of: dict[UUID, str] = {}

    async def register(self, caller: Caller, network: str) -> UUID | None:
        """See SignUps."""
        if caller.user_id in self._users:
            return None
        is_known = caller.email in self._users.values()
        self._users[caller.user_id] = caller.email
        account_id = new_id()
        self._memberships.add(
            caller.user_id, Membership(account_id, caller.email or "Personal", "personal", "owner")
        )
        self._network_of[account_id] = network
        self.states[account_id] = "refused" if is_known else "due"
        self._allow(account_id)
        return account_id

    async def claim(self, account_id: UUID) -> object | None:
        """See SignUps."""
        self._allow(account_id)
        if self.states.get(account_id) != "allowed" or account_id in self._held:
            return None
        self._held.add(account_id)
        return account_id

    async def finish(self, held: object) -> None:
        """See SignUps."""
        self._end(held, "done")

    async def refuse(self, held: object, reason: str) -> None:
        """See SignUps."""
        self._end(held, f"refused: {reason}")

    async def wait(self, held: object) -> None:
        """See SignUps."""
        self._end(held, "allowed")

    async def sweep(self) -> Sequence[UUID]:
        """See SignUps."""
        return [account for account, state in self.states.items() if state in {"due", "allowed"}]

    def _allow(self, account_id: UUID) -> None:
        network = self._network_of.get(account_id, "")
        if self.states.get(account_id) == "due" and self.networks[network] < self._per_network:
            self.networks[network] += 1
            self.states[account_id] = "allowed"

    def _end(self, held: object, state: str) -> None:
        assert isinstance(held, UUID)  # noqa: S101  # what claim() returned
        self._held.discard(held)
        self.states[held] = state


class MemoryFreePlans:
    """Accounts by how often their plan was asked for. While `is_down`, nobody answers."""

    def __init__(self) -> None:
        self.asked: Counter[UUID] = Counter()
        self.is_down = False

    async def start(self, account_id: UUID) -> None:
        """See FreePlans."""
        if self.is_down:
            raise OsliraError("unavailable", "billing is down")
        self.asked[account_id] += 1
