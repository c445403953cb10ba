"""Checks within the ledger: balances, grants and their history."""

from oslira_shared.postgres.clients import Connection

from oslira_credits.domain.difference import Difference
from oslira_credits.infrastructure.audit.balances import BALANCES
from oslira_credits.infrastructure.audit.history import HISTORY


async def differences(connection: Connection) -> list[Difference]:
    """Every difference within the ledger. It is one snapshot if the transaction is repeatable read."""
    found: list[Difference] = []
    for query in (BALANCES, HISTORY):
        found += [Difference(**dict(row)) for row in await connection.fetch(query)]
    return found
