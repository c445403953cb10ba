"""The ledger audit: balances = entries, holds = runs, captures = completed runs, grants = payments.

Credits runs the code of its job `audit`; this requests it through the gateway's internal port. Nothing is changed.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import httpx
from oslira_client import ApiError
from oslira_shared.contracts.credits.v1 import AuditDifference, Audited

from oslira_cli.admin import ask_admin
from oslira_cli.deployment import Login

# A run that has just ended is settled a moment later; only what every audit of this time finds is a difference.
_PATIENCE_S: Final = 20.0
_AGAIN_S: Final = 0.5


async def audit(login: Callable[[], Login], *, patience_s: float = _PATIENCE_S) -> list[AuditDifference]:
    """All differences that last longer than a settlement takes; of more than 500 the first.

    Raises ApiError, or httpx.HTTPError when the gateway stays unavailable.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    found = await _look(login, until=deadline)
    while found and loop.time() < deadline:
        await asyncio.sleep(_AGAIN_S)
        before = {(one.what, one.id) for one in found}
        found = [one for one in await _look(login, until=deadline) if (one.what, one.id) in before]
    return found


async def _look(login: Callable[[], Login], *, until: float) -> list[AuditDifference]:
    """One audit, retried until then: a service may be restarting."""
    while True:
        try:
            return Audited.model_validate(await ask_admin(login(), "GET", "/audit", settling_s=0)).differences
        except (ApiError, httpx.HTTPError) as error:
            is_away = isinstance(error, httpx.HTTPError) or error.code == "unavailable"
            if not is_away or asyncio.get_running_loop().time() >= until:
                raise
        await asyncio.sleep(_AGAIN_S)
