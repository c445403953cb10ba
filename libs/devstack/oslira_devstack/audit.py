"""Does everything add up? Balances = entries, holds = runs, captures = completed runs, grants = payments.

Names what doesn't, mends nothing. The same look as the credits service's job `audit`.
"""

import asyncio
from typing import Final

import asyncpg
from oslira_credits.domain.difference import Difference, still_there
from oslira_credits.infrastructure.audit import differences_of_books

# A run that has just ended is settled a moment later; only what every look of so long finds is a difference.
_PATIENCE_S: Final = 20.0
_AGAIN_S: Final = 0.5


async def audit(credits_url: str, *, patience_s: float = _PATIENCE_S) -> list[Difference]:
    """All differences that last longer than a settlement takes. Needs the login role of credits."""
    connection = await asyncpg.connect(credits_url)
    try:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience_s
        found = await differences_of_books(connection, settling_s=0)
        while found and loop.time() < deadline:
            await asyncio.sleep(_AGAIN_S)
            found = still_there(found, await differences_of_books(connection, settling_s=0))
    finally:
        await connection.close()
    return found
