"""`python -m oslira_scheduler.tick JOB [--slot T]`: what a CronJob runs. Needs the bus and the scheduler's login, no database.

Without `--slot` it is the slot that the CronJob's Job was made for (OSLIRA_CRON_SCHEDULED_AT, OSLIRA_CRON_JOB_NAME), else now's.
Exits 2 for an unknown job or an invalid time, 1 when the bus is unreachable, 78 for a wrong setting.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from oslira_shared.errors import OsliraError
from oslira_shared.settings import load_settings

from oslira_scheduler.domain.cron_job import parse_slot
from oslira_scheduler.infrastructure.one_tick import publish_one
from oslira_scheduler.settings import TickSettings


def moment(slot: str | None, variables: Mapping[str, str], now: datetime) -> datetime:
    """Any time within the requested slot, aware. Raises ValueError for an invalid text."""
    if slot is None:
        return parse_slot(
            scheduled_at=variables.get("OSLIRA_CRON_SCHEDULED_AT", ""),
            job_name=variables.get("OSLIRA_CRON_JOB_NAME", ""),
            now=now,
        )
    given = datetime.fromisoformat(slot)
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def main(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="tick", description="Publish the tick of a job's slot.")
    parser.add_argument("job")
    parser.add_argument("--slot", help="any moment of it (ISO 8601, UTC unless it says more)")
    asked = parser.parse_args(arguments)
    try:
        at = moment(asked.slot, variables, datetime.now(UTC))
        settings = load_settings(TickSettings)
        slot = asyncio.run(publish_one(settings, asked.job, at))
    except ValueError as error:
        print(f"tick: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except OsliraError as error:
        print(f"tick: {error.detail}", file=sys.stderr)  # noqa: T201
        return 2 if error.code == "not_found" else 1
    print(f"ticked {asked.job} {slot.isoformat()}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
