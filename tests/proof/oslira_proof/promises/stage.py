"""What measurements work on: a running stack, its simulators and its database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from oslira_devstack.access import Access, access_to
from oslira_devstack.simulated import Simulators, connect_simulators
from oslira_devstack.stack import Stack


@dataclass(frozen=True, slots=True)
class Stage:
    """`analysis` is a connection under that service's role."""

    stack: Stack
    access: Access
    simulators: Simulators
    analysis: "asyncpg.Connection[asyncpg.Record]"


@asynccontextmanager
async def stage(stack: Stack) -> AsyncGenerator[Stage]:
    """The stack may be used by others at the same time, unless a measurement says otherwise."""
    access = access_to(stack.describe(), stack.credentials)
    analysis = await asyncpg.connect(access.database_url("analysis_service"))
    try:
        async with connect_simulators(stack.simulators_url) as simulators:
            yield Stage(stack, access, simulators, analysis)
    finally:
        await analysis.close()
