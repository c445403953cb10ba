"""`oslira up`: the whole stack, until Ctrl-C."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from oslira_devstack.stack import Stack


def up(
    profiles: Annotated[
        Path | None,
        typer.Option(help="Folder of scraped items for the Apify simulator to serve.", exists=True),
    ] = None,
    speed: Annotated[float, typer.Option(help="Divides the simulators' latencies.", min=0.01)] = 1.0,
    *,
    tls: Annotated[
        bool, typer.Option("--tls", help="Encrypt NATS and Postgres, with certificates of this stack's own.")
    ] = False,
) -> None:
    """Start everything and keep it running until Ctrl-C. Data stays in .oslira (OSLIRA_DATA_DIR)."""
    from oslira_devstack.access import access_to  # noqa: PLC0415
    from oslira_devstack.commands.run import run_until_signal, usual_config  # noqa: PLC0415
    from oslira_devstack.sign_in import DEVELOPER, sign_in  # noqa: PLC0415

    async def serve(stack: "Stack", stopping: asyncio.Event) -> None:
        # So that the console has somebody to sign in as, with credits and a business.
        access = access_to(stack.describe(), stack.credentials)
        await sign_in(access, email=DEVELOPER, available_credits=None, plan=None)
        show(stack)
        print(f"console {stack.console_url}/app (sign in as {DEVELOPER})")
        print(f"ready {stack.gateway_url}", flush=True)
        await stopping.wait()

    run_until_signal(usual_config(profiles=profiles, speed=speed, tls=tls), serve)


def show(stack: "Stack") -> None:
    """What runs where, and which provider is real."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("what")
    table.add_column("where", overflow="fold")
    servers = stack.servers
    table.add_row("nats", servers.nats.address)
    table.add_row("postgres", f"127.0.0.1:{servers.postgres.port}/oslira")
    table.add_row("s3", f"{servers.s3.endpoint_url}/{servers.s3.bucket}")
    public = {"gateway": stack.gateway_url, "billing": stack.billing_url, "console": stack.console_url}
    for name, process in stack.supervisor.processes.items():
        address = urlsplit(process.ready_urls[0])
        table.add_row(name, public.get(name, f"{address.scheme}://{address.netloc}"))
    console = Console()
    console.print(table)
    print(f"logs in {stack.data.logs}")
    if not Path(servers.postgres.location).is_relative_to(stack.data.path):
        print(f"Postgres can't run as root; its data is where it can: {servers.postgres.location}")
    for provider, kind in stack.providers.describe().items():
        console.print(f"{provider:<10} {kind}", style="bold red" if kind == "real" else "dim")
