"""What an operator does by the `oslira` command stands in the same record as what they do by the admin routes."""

import getpass
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from oslira_gateway.operations.acts import recorded
from oslira_gateway.operations.operator import Operator
from oslira_gateway.operations.postgres_acts import PostgresActs
from oslira_shared.postgres.clients import AdminClient, open_pool

from oslira_devstack.access import Access


@asynccontextmanager
async def on_record(access: Access, act: str, **targets: str) -> AsyncGenerator[None]:
    """`targets` holds ids, never names. No record, no act."""
    url = access.database_url("gateway_service")
    pool = await open_pool(url, service="oslira", min_size=1, max_size=1)
    try:
        async with recorded(PostgresActs(AdminClient(pool)), _whoever_types(), act, **targets):
            yield
    finally:
        await pool.close()


def _whoever_types() -> Operator:
    """By their name on this machine, where it has one."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user has none
        name = "nobody"
    return Operator(f"command:{re.sub(r'[^a-zA-Z0-9-]', '-', name)[:64]}")
