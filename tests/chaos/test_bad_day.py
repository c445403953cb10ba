"""A day on which every supplier fails in every way: all runs end, are charged once, and stay cheap."""

from pathlib import Path

import pytest
from oslira_devstack.stack import Stack
from oslira_proof.promises.bad_day import bad_day_config, measure_bad_day
from oslira_proof.promises.bad_day_program import FULL_DAY, SHORT_DAY, Day
from oslira_proof.promises.finding import Finding
from oslira_proof.promises.stage import stage


async def _measured(directory: Path, day: Day) -> list[Finding]:
    async with Stack(bad_day_config(directory, day)) as stack, stage(stack) as on:
        return await measure_bad_day(on, day)


@pytest.mark.timeout(300)
async def test_a_short_bad_day_loses_nothing_and_charges_once(scratch_dir: Path) -> None:
    findings = await _measured(scratch_dir / "short-bad-day", SHORT_DAY)
    missed = [(one.line(), one.details) for one in findings if not one.holds]
    assert not missed, missed


@pytest.mark.campaign
@pytest.mark.timeout(2400)
async def test_a_bad_day_loses_nothing_and_charges_once(scratch_dir: Path) -> None:
    findings = await _measured(scratch_dir / "bad-day", FULL_DAY)
    print("\n" + "\n".join(one.line() for one in findings))  # noqa: T201  # the campaign's values
    missed = [(one.line(), one.details) for one in findings if not one.holds]
    assert not missed, missed
