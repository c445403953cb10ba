"""`oslira tick JOB`: what the scheduler says when a job's slot has come; CronJobs say it too, and owners act once."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer


def tick(
    job: Annotated[str, typer.Argument(help="A job of the table, such as daily-cleanup.")],
    slot: Annotated[
        str | None,
        typer.Option(
            envvar="OSLIRA_TICK_SLOT",
            help="Any moment of the slot (ISO 8601, UTC unless it says more); else now.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="job and slot.")] = False,  # noqa: FBT002
) -> None:
    """Publish the tick of a job's slot on NATS_URL (the scheduler's credential), else on the running stack.

    The moment is taken back to the job's own grid. Exits 2 for an unknown job or moment, 1 when the bus can't be reached.
    """
    from oslira_shared.errors import OsliraError  # noqa: PLC0415

    from oslira_devstack.access import NoStack  # noqa: PLC0415

    try:
        moment = _moment(slot)
    except ValueError:
        print(f"oslira: {slot!r} is no moment such as 2026-11-22T02:00:00Z", file=sys.stderr)
        raise typer.Exit(2) from None
    try:
        on_grid = asyncio.run(_tick(job, moment))
    except OsliraError as error:
        print(f"oslira: {error.detail}", file=sys.stderr)
        raise typer.Exit(2 if error.code == "not_found" else 1) from None
    except NoStack as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    text = on_grid.isoformat()
    print(json.dumps({"job": job, "slot": text}) if as_json else f"ticked {job} {text}")


async def _tick(job: str, moment: datetime) -> datetime:
    """By whoever has the scheduler's own credential as it is; an operator's, on a stack, is an act of theirs."""
    from oslira_scheduler.infrastructure.one_tick import publish_one  # noqa: PLC0415

    from oslira_devstack.access import find_stack  # noqa: PLC0415
    from oslira_devstack.on_record import on_record  # noqa: PLC0415

    if nats_url := os.environ.get("NATS_URL"):
        return await publish_one(nats_url, os.environ, job, moment)
    access = find_stack()
    async with on_record(access, "tick", job=job[:64], slot=moment.isoformat()):
        return await publish_one(access.nats_url("scheduler"), os.environ, job, moment)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
