"""The same contract tests over memory and Postgres."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import pytest
import pytest_asyncio
from memory_analyses import MemoryRequests, MemoryRuns
from memory_anonymous import MemoryAllowance
from memory_business import MemoryBusinessProfiles
from memory_identity import MemoryMemberships, MemorySignOuts
from oslira_devstack.databases import Database
from oslira_gateway.anonymous.ports import AnonymousAllowance
from oslira_gateway.anonymous.postgres import PostgresAllowance
from oslira_gateway.anonymous.pseudonyms import Pseudonyms
from oslira_gateway.business.ports import BusinessProfiles
from oslira_gateway.business.postgres import PostgresBusinessProfiles
from oslira_gateway.identity.caller import Member, Membership
from oslira_gateway.identity.ports import Memberships, SignOuts
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.postgres_sign_outs import PostgresSignOuts
from oslira_gateway.runs.order import Order
from oslira_gateway.runs.ports import Requests, Runs
from oslira_gateway.runs.postgres_requests import PostgresRequests
from oslira_gateway.runs.postgres_runs import PostgresRuns
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool


class Backend(Protocol):
    """The adapters, and what only the other services or time can do."""

    @property
    def requests(self) -> Requests[Order]: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def businesses(self) -> BusinessProfiles: ...
    @property
    def memberships(self) -> Memberships: ...
    @property
    def sign_outs(self) -> SignOuts: ...
    @property
    def allowance(self) -> AnonymousAllowance: ...

    async def join(self, member: Member) -> None: ...
    async def add_business(self, member: Member) -> UUID: ...
    async def complete(self, run_id: UUID) -> None: ...
    async def close_id(self, run_id: UUID) -> None: ...
    async def expire_keys(self) -> None: ...


class MemoryBackend:
    def __init__(self) -> None:
        self.runs = MemoryRuns()
        self.requests = MemoryRequests(self.runs)
        self.businesses = MemoryBusinessProfiles()
        self.memberships = MemoryMemberships()
        self.sign_outs = MemorySignOuts(self.memberships)
        self.allowance = MemoryAllowance()

    async def join(self, member: Member) -> None:
        account = Membership(member.account_id, "Account", "personal", member.role)
        self.memberships.add(member.caller.user_id, account)

    async def add_business(self, member: Member) -> UUID:
        profile_id = new_id()
        self.requests.businesses[profile_id] = member.account_id
        return profile_id

    async def complete(self, run_id: UUID) -> None:
        run = self.runs.rows[run_id][1]
        done = replace(run, status=RunStatus.COMPLETED, finished_at=datetime.now(UTC), seq=run.seq + 1)
        self.runs.change(done)

    async def close_id(self, run_id: UUID) -> None:
        self.requests.closed.add(run_id)

    async def expire_keys(self) -> None:
        self.requests.expire_keys()


class PostgresBackend:
    def __init__(self, gateway: Pool, analysis: Pool) -> None:
        self._gateway, self._analysis = gateway, analysis
        self.runs = PostgresRuns(gateway)
        self.requests = PostgresRequests(AdminClient(gateway))
        self.businesses = PostgresBusinessProfiles(gateway)
        self.memberships = PostgresMemberships(gateway)
        self.sign_outs = PostgresSignOuts(gateway)
        self.allowance = PostgresAllowance(AdminClient(gateway), Pseudonyms("a secret that is long enough"))

    async def join(self, member: Member) -> None:
        async with AdminClient(self._gateway).transaction() as connection:
            await connection.execute(
                "insert into identity.users (id) values ($1) on conflict do nothing", member.caller.user_id
            )
            await connection.execute(
                "insert into identity.accounts (id, name) values ($1, 'Account')", member.account_id
            )
            await connection.execute(
                "insert into identity.members (account_id, user_id, role) values ($1, $2, $3)",
                member.account_id,
                member.caller.user_id,
                member.role,
            )

    async def add_business(self, member: Member) -> UUID:
        profile_id = new_id()
        await self._gateway.execute(
            "insert into identity.business_profiles (id, account_id, name, context) values ($1, $2, 'B', '{}')",
            profile_id,
            member.account_id,
        )
        return profile_id

    async def complete(self, run_id: UUID) -> None:
        await self._analysis.execute(
            "update analysis.runs set state = 'completed', seq = seq + 1 where id = $1", run_id
        )

    async def close_id(self, run_id: UUID) -> None:
        await self._analysis.execute("insert into analysis.runs (id, state) values ($1, 'closed')", run_id)

    async def expire_keys(self) -> None:
        await self._gateway.execute(
            "update identity.idempotency set expires_at = now() - interval '1 second'"
        )


@pytest_asyncio.fixture(scope="module")
async def postgres_backend(module_database: Database) -> AsyncGenerator[PostgresBackend]:
    gateway = await open_pool(module_database.url("gateway_service"), service="gateway")
    analysis = await open_pool(module_database.url("analysis_service"), service="analysis")
    yield PostgresBackend(gateway, analysis)
    await gateway.close()
    await analysis.close()


@pytest.fixture(params=["memory", "postgres"])
def backend(request: pytest.FixtureRequest) -> Backend:
    return MemoryBackend() if request.param == "memory" else request.getfixturevalue("postgres_backend")


@pytest_asyncio.fixture
async def at_home(backend: Backend, member: Member, stranger: Member) -> Member:
    """The member, whom the backend knows, as it knows the stranger."""
    await backend.join(member)
    await backend.join(stranger)
    return member
