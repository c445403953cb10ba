"""`oslira insights`: what an account used, how long it took, how it ended."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer


def insights(
    user: Annotated[str, typer.Option(help="Whose account.")] = "dev@oslira.test",
    days: Annotated[int, typer.Option(min=1, max=92, help="How far back.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Usage, outcomes, cache hits and durations of an account on the running stack."""
    from oslira_client import ApiError  # noqa: PLC0415

    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415

    try:
        found = asyncio.run(_insights_of(find_stack(), user, days))
    except (NoStack, ApiError) as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps(found, indent=2))
        return
    from rich.console import Console  # noqa: PLC0415

    from oslira_devstack.insights_tables import insights_tables  # noqa: PLC0415

    Console().print(insights_tables(found))


async def _insights_of(access: Any, user: str, days: int) -> dict[str, Any]:
    from oslira_devstack.sign_in import sign_in  # noqa: PLC0415

    who = await sign_in(access, email=user, available_credits=None, plan=None)
    return await read_insights(access.gateway_url, who.token, days)


async def read_insights(gateway_url: str, token: str, days: int) -> dict[str, Any]:
    """All four, by name, as the API answers them."""
    from oslira_client import Oslira  # noqa: PLC0415

    since = datetime.now(UTC) - timedelta(days=days)
    async with Oslira(gateway_url, token) as oslira:
        read = oslira.insights
        usage, outcomes, cache, latency = await asyncio.gather(
            read.read_usage(from_=since),
            read.read_outcomes(from_=since),
            read.read_cache(from_=since),
            read.read_latency(from_=since),
        )
    found = {"usage": usage, "outcomes": outcomes, "cache": cache, "latency": latency}
    return {name: answer.model_dump(mode="json") for name, answer in found.items()}
