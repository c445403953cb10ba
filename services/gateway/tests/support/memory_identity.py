"""Identity in memory, for tests."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from oslira_gateway.identity.caller import Caller, Membership, signed_out
from oslira_gateway.identity.mailbox import mailbox_of
from oslira_gateway.identity.shares import Caps, TrialShares
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id


class MemoryMemberships:
    """Memberships by user, in the order they were added. `ended`: sign-ins by user and session."""

    def __init__(self) -> None:
        self.ended: set[tuple[UUID, str]] = set()
        self._of_user: defaultdict[UUID, list[Membership]] = defaultdict(list)

    def add(self, user_id: UUID, membership: Membership) -> None:
        """Make the user a member."""
        self._of_user[user_id].append(membership)

    def remove(self, user_id: UUID) -> None:
        """End all memberships of the user."""
        del self._of_user[user_id]

    async def of_user(self, user_id: UUID) -> Sequence[Membership]:
        return tuple(self._of_user[user_id])

    async def of_caller(self, caller: Caller) -> Sequence[Membership]:
        if (caller.user_id, caller.session) in self.ended:
            raise signed_out()
        return await self.of_user(caller.user_id)


class MemorySignOuts:
    """Implements SignOuts."""

    def __init__(self, memberships: MemoryMemberships) -> None:
        self._memberships = memberships

    async def sign_out(self, caller: Caller) -> None:
        self._memberships.ended.add((caller.user_id, caller.session))


class MemorySignUps:
    """Sign-ups by account; `networks` counts the trials of today, of mail hosts too."""

    def __init__(self, memberships: MemoryMemberships, shares: TrialShares | None = None) -> None:
        self._memberships = memberships
        self._shares = shares or TrialShares()
        self._users: dict[UUID, str | None] = {}
        self._held: set[UUID] = set()
        self.states: dict[UUID, str] = {}
        self.networks: Counter[str] = Counter()
        self._keys_of: dict[UUID, tuple[str, str | None]] = {}

    async def register(self, caller: Caller, network: str, mail_host: str | None) -> UUID | None:
        if caller.user_id in self._users:
            return None
        mailbox = mailbox_of(caller.email).address if caller.email else None
        is_known = mailbox in self._users.values()
        self._users[caller.user_id] = mailbox
        account_id = new_id()
        self._memberships.add(
            caller.user_id, Membership(account_id, caller.email or "Personal", "personal", "owner")
        )
        self._keys_of[account_id] = (network, mail_host)
        self.states[account_id] = "refused" if is_known else self._shares.beyond
        if not is_known:
            self._allow(account_id, self._shares.at_once)
        return account_id

    async def state(self, account_id: UUID) -> str | None:
        state = self.states.get(account_id)
        return state.partition(":")[0] if state else None

    async def pass_challenge(self, account_id: UUID) -> None:
        if self.states.get(account_id) == "challenge":
            self.states[account_id] = "due"

    async def claim(self, account_id: UUID) -> object | None:
        if self.states.get(account_id) == "due":
            self._allow(account_id, self._shares.later)
        if self.states.get(account_id) != "allowed" or account_id in self._held:
            return None
        self._held.add(account_id)
        return account_id

    async def finish(self, held: object) -> None:
        self._end(held, "done")

    async def refuse(self, held: object, reason: str) -> None:
        self._end(held, f"refused: {reason}")

    async def wait(self, held: object) -> None:
        self._end(held, "allowed")

    async def sweep(self) -> Sequence[UUID]:
        return [account for account, state in self.states.items() if state in {"due", "allowed"}]

    def _allow(self, account_id: UUID, caps: Caps) -> None:
        network, mail_host = self._keys_of[account_id]
        most = {network: caps.network} | ({mail_host: caps.mail_host} if mail_host is not None else {})
        if all(self.networks[key] < cap for key, cap in most.items()):
            self.networks.update(most.keys())
            self.states[account_id] = "allowed"

    def _end(self, held: object, state: str) -> None:
        assert isinstance(held, UUID)  # what claim() returned
        self._held.discard(held)
        self.states[held] = state


class MemoryFreePlans:
    """Accounts by how often their plan was asked for. While `is_down`, nobody answers."""

    def __init__(self) -> None:
        self.asked: Counter[UUID] = Counter()
        self.is_down = False

    async def start(self, account_id: UUID) -> None:
        if self.is_down:
            raise OsliraError("unavailable", "billing is down")
        self.asked[account_id] += 1
