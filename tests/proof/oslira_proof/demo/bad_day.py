"""`oslira demo --bad-day`: an hour in which every supplier fails in every way, compressed, as a table."""

import json
import time
from dataclasses import asdict
from pathlib import Path

from oslira_devstack.stack import Stack
from rich.console import Console

from oslira_proof.demo.findings_table import table_of, watched
from oslira_proof.promises.bad_day import bad_day_config, measure_bad_day
from oslira_proof.promises.bad_day_program import FULL_DAY, SHORT_DAY
from oslira_proof.promises.stage import stage


async def run(directory: Path, /, *, quick: bool, as_json: bool) -> bool:
    """Whether every promise was kept. With `as_json` the findings alone go to stdout; the rest goes to stderr."""
    day = SHORT_DAY if quick else FULL_DAY
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
