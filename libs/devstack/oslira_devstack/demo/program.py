"""The demonstrations from the first to the audit, on a stack of their own."""

import time
from pathlib import Path
from typing import Final

import asyncpg
from oslira_cli.audit import audit
from oslira_client import Oslira
from rich.console import Console

from oslira_devstack.access import access_to
from oslira_devstack.demo import acts
from oslira_devstack.demo.show import Show
from oslira_devstack.sign_in import sign_in
from oslira_devstack.simulated import connect_simulators
from oslira_devstack.stack import Stack, StackConfig

_CREDITS: Final = 200


async def run_program(
    directory: Path, *, profiles: Path | None, speed: float, tls: bool = False
) -> list[str]:
    """The promises that did not hold."""
    console = Console()
    started = time.monotonic()
    config = StackConfig(
        data_dir=directory,
        speed=speed,
        profiles=profiles,
        tls=tls,
        report=lambda line: console.print(f"  [dim]{line}[/dim]"),
    )
    console.print("[bold]Starting NATS, Postgres, S3, the simulators and five services[/bold]")
    async with Stack(config) as stack:
        console.print(f"  ready in {time.monotonic() - started:.1f} s at {stack.gateway_url}")
        access = access_to(stack.describe(), stack.credentials)
        who = await sign_in(access, email="demo@oslira.test", available_credits=_CREDITS, plan="agency")
        analysis_url = access.database_url("analysis_service")
        async with (
            Oslira(access.gateway_url, who.token) as oslira,
            asyncpg.create_pool(analysis_url, min_size=1, max_size=2) as analysis,
            connect_simulators(stack.simulators_url) as simulators,
        ):
            show = Show(stack, who, oslira, console, analysis, simulators)
            names = acts.names_in(profiles)
            await acts.several_at_once(show, names)
            await acts.the_same_again(show, names)
            await acts.another_business(show, names[:3])
            await acts.no_profile(show)
            await acts.paid_three_times(show)
            await acts.killed_in_mid_run(show, "quiet.harbour")
            console.print(await show.table())
            show.title("Audit")
            found = await audit(access.operator_login)
            for one in found:
                console.print(f"  {one.what} {one.id}: {one.detail}")
            show.check(
                "balances = entries, holds = runs", holds=not found, figure=f"{len(found)} differences"
            )
    word = (
        "[green]All of it held[/green]"
        if not show.failures
        else f"[red]{len(show.failures)} did not hold[/red]"
    )
    console.print(f"\n{word}, in {time.monotonic() - started:.0f} s.")
    return show.failures
