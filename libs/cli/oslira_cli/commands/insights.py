"""`oslira insights`: what an account used, how long it took, how it ended."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from oslira_cli.deployment import DEVELOPMENT_USER, Login, Token, Url, User, user_login
from oslira_cli.failures import exits_on_failure


def insights(
    days: Annotated[int, typer.Option(min=1, max=92, help="How far back.")] = 30,
    url: Url = None,
    token: Token = None,
    user: User = DEVELOPMENT_USER,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Usage, outcomes and durations of an account."""

    async def run() -> dict[str, Any]:
        return await read_insights(await user_login(url, token, user), days)

    with exits_on_failure():
        found = asyncio.run(run())
    if as_json:
        print(json.dumps(found, indent=2))
        return
    from rich.console import Console  # noqa: PLC0415

    from oslira_cli.insights_tables import insights_tables  # noqa: PLC0415

    Console().print(insights_tables(found))


async def read_insights(login: Login, days: int) -> dict[str, Any]:
    """What members may read, by name, as the API answers it."""
    from oslira_client import Oslira  # noqa: PLC0415

    since = datetime.now(UTC) - timedelta(days=days)
    async with Oslira(login.url, login.token) as oslira:
        read = oslira.insights
        usage, outcomes, latency = await asyncio.gather(
            read.get_usage_insights(from_=since),
            read.get_outcome_insights(from_=since),
            read.get_latency_insights(from_=since),
        )
    found = {"usage": usage, "outcomes": outcomes, "latency": latency}
    return {name: answer.model_dump(mode="json") for name, answer in found.items()}
