"""What several commands do over the API."""

import asyncio
import sys
from typing import Final
from uuid import UUID

import typer
from oslira_client import Oslira
from oslira_client.generated.shared import Run

from oslira_cli.extensions import NoDeployment
from oslira_cli.failures import Exit
from oslira_cli.reconnecting import Reconnecting

_LOOK_EVERY_S: Final = 0.1


async def business_profile_of(oslira: Oslira) -> UUID:
    """The account's first. Raises NoDeployment when it has none: this command does not invent a business."""
    found = (await oslira.business.list_business_profiles(limit=1).first()).items
    if not found:
        raise NoDeployment(
            "the account has no business profile: create one first (POST /v1/business-profiles)"
        )
    return found[0].business_profile_id


async def settled(
    oslira: Oslira, run_id: UUID, *, timeout_s: float = 15.0, reconnecting: Reconnecting | None = None
) -> Run:
    """The finished run once its credits are settled; as it is, if that takes longer."""
    loop, patient = asyncio.get_running_loop(), reconnecting or Reconnecting()
    deadline = loop.time() + timeout_s
    while True:
        run = await patient.until_answered(lambda: oslira.analyses.get_run(run_id))
        if not run.credits.held or loop.time() > deadline:
            return run
        await asyncio.sleep(_LOOK_EVERY_S)


def interrupted(kind: str, work_id: UUID | None) -> typer.Exit:
    """To be raised after Ctrl-C: what was ordered goes on."""
    if work_id is None:
        print("oslira: interrupted; nothing was ordered", file=sys.stderr)
    else:
        print(
            f"oslira: interrupted; {kind} {work_id} goes on. `oslira runs` shows it, `oslira cancel {work_id}` ends it",
            file=sys.stderr,
        )
    return typer.Exit(int(Exit.INTERRUPTED))
