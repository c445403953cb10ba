"""The ledger by itself: balances and grants, and its history."""

from oslira_shared.postgres.clients import Connection

from oslira_credits.domain.difference import Difference
from oslira_credits.infrastructure.audit.balances import BALANCES
from oslira_credits.infrastructure.audit.history import HISTORY


async def differences(connection: Connection) -> list[Difference]:
    """Everything in the ledger that doesn't add up; none when all is well. One moment, if the transaction is repeatable read."""
    found: list[Difference] = []
    for query in (BALANCES, HISTORY):
        found += [Difference(**dict(row)) for row in await connection.fetch(query)]
    return found
