"""Users of a running stack, and what operators see of them in the database."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from oslira_cli.audit import audit
from oslira_client import ENDED
from oslira_devstack.access import Access, access_to
from oslira_devstack.sign_in import SignedIn, sign_in
from oslira_devstack.stack import Stack

from oslira_proof.plain_client import Client


@dataclass(frozen=True, slots=True)
class Person:
    """A user with their own account."""

    client: Client
    who: SignedIn
    access: Access

    async def analyze(self, name: str, **more: Any) -> tuple[bool, dict[str, Any]]:
        return await self.client.analyze(name, business_profile_id=self.who.business_profile_id, **more)

    async def settled(self, run_id: str, *, timeout_s: float = 60.0) -> dict[str, Any]:
        """The run once it has ended and its hold is settled."""

        async def look() -> dict[str, Any] | None:
            run = await self.client.run(run_id)
            return run if run["status"] in ENDED and not run["credits"]["held"] else None

        return await eventually(look, timeout_s=timeout_s)

    async def runs_in_database(self) -> int:
        return await self._count(
            "analysis_service", "select count(*) from analysis.runs where account_id = $1"
        )

    async def transfers_in_ledger(self) -> int:
        """All but the grant that the account began with."""
        query = "select count(*) from credits.transfers where account_id = $1 and kind <> 'grant'"
        return await self._count("credits_service", query)

    async def _count(self, role: str, query: str) -> int:
        connection = await asyncpg.connect(self.access.database_url(role))
        try:
            return await connection.fetchval(query, self.who.account_id)
        finally:
            await connection.close()


@asynccontextmanager
async def person(
    stack: Stack, *, available_credits: int = 100, plan: str = "agency"
) -> AsyncGenerator[Person]:
    """A new user with exactly so many credits."""
    access = access_to(stack.describe(), stack.credentials)
    email = f"{uuid.uuid4().hex[:12]}@oslira.test"
    who = await sign_in(access, email=email, available_credits=available_credits, plan=plan)
    async with Client(access.gateway_url, who.token, timeout_s=60) as client:
        yield Person(client, who, access)


async def differences(stack: Stack) -> list[str]:
    """What `oslira audit` finds."""
    access = access_to(stack.describe(), stack.credentials)
    found = await audit(access.operator_login)
    return [f"{one.what} {one.id} {one.detail}" for one in found]


async def eventually(look: Callable[[], Awaitable[Any]], *, timeout_s: float = 30.0) -> Any:
    """The first truthy answer. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while True:
        if found := await look():
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s} s")
        await asyncio.sleep(0.05)


def foreign_id() -> UUID:
    """An id that does not exist."""
    return uuid.uuid4()
