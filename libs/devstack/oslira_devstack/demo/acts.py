"""The demonstrations, in order. Each shows one promise and checks it."""

import asyncio
import json
import time
from pathlib import Path
from typing import Final

from oslira_client.generated.business import BusinessContext

from oslira_devstack.demo.invoice import post_invoice_paid
from oslira_devstack.demo.show import Show, Shown

_SECOND_BUSINESS: Final = BusinessContext(
    name="Northwind Outdoor",
    industry="Outdoor equipment",
    offer="Tents and packs for people who travel light, sold to creators as sponsored kits",
)
_INVOICE_CREDITS: Final = 1_500
_IN_TIME_S: Final = 90.0


async def several_at_once(show: Show, names: list[str]) -> None:
    show.title(f"{len(names)} light analyses at once")
    before = await show.available()
    shown = await show.analyze(names)
    completed = [one for one in shown if one.run.status == "completed"]
    show.check(
        "every profile was scored",
        holds=len(completed) == len(names),
        figure=f"{len(completed)} of {len(names)}",
    )
    reasons = [result.reasons for one in completed if (result := one.analysis) is not None]
    quotes = sum(len(given) for given in reasons)
    show.check(
        "each with reasons that quote the profile",
        holds=all(reasons),
        figure=f"{quotes} quotes",
    )
    spent = before - await show.available()
    show.check("each charged once", holds=spent == len(completed), figure=f"{spent} credits")


async def the_same_again(show: Show, names: list[str]) -> None:
    show.title("The same again")
    before = await show.available()
    shown = await show.analyze(names)
    show.check("the runs that exist are returned", holds=not any(one.is_new for one in shown))
    show.check("nothing is charged", holds=await show.available() == before)


async def another_business(show: Show, names: list[str]) -> None:
    show.title("The same profiles for a second business")
    profile = await show.oslira.business.create_business_profile(_SECOND_BUSINESS)
    shown = await show.analyze(names, business_profile_id=profile.business_profile_id)
    show.check("scored again", holds=all(one.is_new and one.run.status == "completed" for one in shown))
    cached = await show.analysis.fetchval(
        "select count(*) from analysis.runs where id = any($1::uuid[]) and is_from_cache",
        [one.run.run_id for one in shown],
    )
    show.check(
        "from the cache, without a scrape", holds=cached == len(shown), figure=f"{cached} of {len(shown)}"
    )


async def no_profile(show: Show) -> None:
    show.title("A private and a missing profile")
    before = await show.available()
    private, missing = await show.analyze(["private-diary", "missing-person"])
    for one, code in ((private, "profile_private"), (missing, "profile_not_found")):
        error = one.run.error
        show.check(
            f"{one.name} ends failed",
            holds=error is not None and error.code == code,
            figure=error.detail if error is not None else "",
        )
    show.check("neither is charged", holds=await show.available() == before)


async def paid_three_times(show: Show) -> None:
    show.title("One Stripe invoice.paid, sent three times")
    before = await show.available()
    statuses = [await post_invoice_paid(show.stack, account_id=show.who.account_id) for _ in range(3)]
    show.check("each is answered 200", holds=statuses == [200, 200, 200], figure=str(statuses))
    deadline = time.monotonic() + _IN_TIME_S
    while time.monotonic() < deadline:
        if await show.available() != before:
            break
        await asyncio.sleep(0.2)
    await asyncio.sleep(1.0)  # time enough for a second grant, were there one
    granted = await show.available() - before
    show.check("granted once", holds=granted == _INVOICE_CREDITS, figure=f"{granted} credits")


async def killed_in_mid_run(show: Show, name: str) -> None:
    show.title("The analysis service, killed with SIGKILL in mid-run")
    running = asyncio.create_task(show.analyze([name]))
    await _is_scraping(show, name)
    pid = await show.stack.supervisor.kill("analysis")
    show.console.print(f"  [dim]killed pid {pid}[/dim]")
    (one,) = await running
    show.check(
        "the run completes all the same", holds=one.run.status == "completed", figure=f"{one.took_s:.1f} s"
    )
    show.check("and is charged once", holds=one.run.credits.charged == 1)
    scrapes = await _scrapes_of(show, one)
    show.check("its profile was scraped once", holds=scrapes == 1, figure=f"{scrapes} actor run")


async def _is_scraping(show: Show, name: str) -> None:
    deadline = time.monotonic() + _IN_TIME_S
    while time.monotonic() < deadline:
        if await show.analysis.fetchval(
            "select true from analysis.scrapes where username = $1 and state = 'running'", name
        ):
            return
        await asyncio.sleep(0.1)


async def _scrapes_of(show: Show, one: Shown) -> int:
    counters = await show.simulators.counters()
    return int(counters["apify"]["starts_by_username"].get(one.name, 0))


def names_in(profiles: Path | None) -> list[str]:
    """The usernames of a folder of scraped items, as the simulator serves them; a few synthetic ones without a folder."""
    if profiles is None:
        return [
            "bakery.lisboa",
            "northern.trails",
            "studio.kiln",
            "casa.verde",
            "the.coffee.lab",
            "paper.and.ink",
        ]
    items = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(profiles.glob("*.json"))
        if not path.name.startswith("_")
    ]
    return [item["username"] for item in items]
