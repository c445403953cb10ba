"""`oslira demo --bad-day`: an hour in which every supplier fails in every way, compressed, as a table."""

import json
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from oslira_devstack.demo.findings_table import table_of, watched
from oslira_devstack.promises.bad_day import bad_day_config, measure_bad_day
from oslira_devstack.promises.bad_day_program import Day
from oslira_devstack.promises.stage import stage
from oslira_devstack.stack import Stack


async def run_bad_day_demo(directory: Path, *, day: Day, as_json: bool) -> bool:
    """Whether every promise was kept. With `as_json` the findings alone go to stdout; the rest goes to stderr."""
    console = Console(stderr=as_json)
    started = time.monotonic()
    console.print("[bold]Starting the stack, with two replicas of the engine[/bold]")
    async with Stack(bad_day_config(directory, day)) as stack, stage(stack) as on:
        with watched(console, "a bad day") as tick:
            findings = await measure_bad_day(on, day, tick=tick)
    console.print(table_of(findings, title="What holds on a bad day"))
    console.print(f"In {time.monotonic() - started:.0f} s.")
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, default=str))
    return all(finding.holds is not False for finding in findings)
