"""Sign-ups and trials over one adapter, with billing and the challenge in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network
from uuid import UUID

import pytest
from memory_anonymous import MemoryChallenge
from memory_identity import MemoryFreePlans, MemorySignUps
from oslira_gateway.identity.begin_trial import BeginTrial
from oslira_gateway.identity.caller import Caller
from oslira_gateway.identity.ports import Memberships, SignUps
from oslira_gateway.identity.sign_up import SignUp
from oslira_gateway.identity.start_trial import StartTrial, SweepSignUps
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Pool

PER_NETWORK = 2
PER_MAIL_HOST = 3


def newcomer(email: str | None = None) -> Caller:
    user_id = new_id()
    return Caller(user_id, email=email or f"{user_id}@{user_id}.example", is_confirmed=True)


def network() -> str:
    """A network of its own, as SignUp takes it."""
    return f"2001:{new_id().hex[-8:-4]}:{new_id().hex[-4:]}:1::/64"


@dataclass
class World:
    """`plans` is billing; `pool` is None in memory."""

    sign_ups: SignUps
    memberships: Memberships
    plans: MemoryFreePlans
    pool: Pool | None = None

    challenge: MemoryChallenge = field(default_factory=MemoryChallenge)

    @property
    def sign_up(self) -> SignUp:
        return SignUp(self.sign_ups, StartTrial(self.sign_ups, self.plans), "secret")

    @property
    def begin_trial(self) -> BeginTrial:
        return BeginTrial(self.sign_ups, StartTrial(self.sign_ups, self.plans), self.challenge)

    async def signed_up(self, where: str, *, count: int, mail_host: str | None = None) -> list[UUID]:
        """New users of one network, and of one mail host if that is said."""
        made = [
            await self.sign_up(newcomer(f"{new_id()}@{mail_host}" if mail_host else None), ip_network(where))
            for _ in range(count)
        ]
        return [one for one in made if one is not None]

    async def statuses(self, accounts: Iterable[UUID]) -> list[str]:
        return [str(await self.begin_trial.status(account)) for account in accounts]

    async def refusal(self, account: UUID, response: str | None) -> str:
        with pytest.raises(OsliraError) as caught:
            await self.begin_trial(account, response)
        return caught.value.code

    async def sweep(self) -> None:
        await SweepSignUps(self.sign_ups, StartTrial(self.sign_ups, self.plans))()

    async def let_time_pass(self, seconds: int) -> None:
        """What waits for a time has reached it."""
        if self.pool is not None:
            await self.pool.execute(
                "update identity.sign_ups set due_at = due_at - make_interval(secs => $1),"
                " not_before = not_before - make_interval(secs => $1), lease_until = lease_until - make_interval(secs => $1)",
                seconds,
            )

    async def next_day(self) -> None:
        """The shares of all networks begin anew."""
        if isinstance(self.sign_ups, MemorySignUps):
            self.sign_ups.networks.clear()
        else:
            assert self.pool is not None
            await self.pool.execute("update identity.sign_up_networks set day = day - 1")
            await self.let_time_pass(86_400)
