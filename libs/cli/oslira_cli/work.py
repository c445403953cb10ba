"""What several commands do over the API."""

import asyncio
from typing import Final
from uuid import UUID

from oslira_client import Oslira
from oslira_client.generated.shared import Run

from oslira_cli.extensions import NoDeployment

_LOOK_EVERY_S: Final = 0.1


async def business_profile_of(oslira: Oslira) -> UUID:
    """The account's first. Raises NoDeployment when it has none: this command does not invent a business."""
    found = (await oslira.business.list_business_profiles(limit=1).first()).items
    if not found:
        raise NoDeployment(
            "the account has no business profile: create one first (POST /v1/business-profiles)"
        )
    return found[0].business_profile_id


async def settled(oslira: Oslira, run_id: UUID, *, timeout_s: float = 15.0) -> Run:
    """The finished run once its credits are settled; as it is, if that takes longer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        run = await oslira.analyses.get_run(run_id)
        if not run.credits.held or loop.time() > deadline:
            return run
        await asyncio.sleep(_LOOK_EVERY_S)
