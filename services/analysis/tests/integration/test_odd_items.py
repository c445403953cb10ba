"""Odd items, and real ones if they are available, from the scraper to the lead."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest_asyncio
from analysis_world import World
from oslira_devstack.simulated import Simulators, run_simulators
from oslira_devstack.testing import TEST_SPEED
from oslira_simulators.synthetic import synthetic_item

SHARED = Path(os.environ.get("OSLIRA_SAMPLE_PROFILES", "../shared/data/apify"))
FINAL = {
    "b08gone": "profile_not_found",
    "b15private": "profile_private",
}
# A scrape without a result about its profile is retried (test_judged_scrapes).
TRIED_AGAIN = {"b05wall", "b06partial", "b07blocked"}


def odd_items() -> list[dict[str, Any]]:
    base = synthetic_item("odd.base") | {"username": "odd.texts"}
    texts = json.loads(json.dumps(base)) | {
        "fullName": "nul \x00 half \ud83d",
        "biography": "a\x00b \ude00 bakery",
    }
    for post in texts["latestPosts"]:
        post["caption"] = "\u202eRTL\u202c z\u0335\u0321a\u0322lgo \u200b" + "bread " * 8_000 + "\x00\ud83d"
        post["hashtags"] = [{"name": "x"}, 7, None, "nul\x00"]
        post["mentions"] = "@x, @y"
    counts = base | {"username": "odd.counts", "followersCount": "12,345", "postsCount": 240.0}
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    return [texts, counts, base | {"username": "odd.deep", "externalUrls": deep, "about": deep, "more": deep}]


def stored_items() -> list[dict[str, Any]]:
    paths = [*SHARED.glob("[!_]*.json"), *(SHARED.parent / "cases").glob("*/item.json")]
    found = [json.loads(path.read_text("utf-8")) for path in sorted(paths)]
    return [item[0] if isinstance(item, list) else item for item in found]


@pytest_asyncio.fixture
async def simulators(tmp_path: Path) -> AsyncGenerator[Simulators]:
    folder = tmp_path / "profiles"
    folder.mkdir()
    for item in [*odd_items(), *stored_items()]:
        (folder / f"{item['username'].lower()}.json").write_text(json.dumps(item), "utf-8")
    async with run_simulators(log=tmp_path / "simulators.log", speed=TEST_SPEED, profiles=folder) as running:
        yield running


async def test_every_item_ends_as_it_must_after_one_start(world: World) -> None:
    await world.analysis.execute("update analysis.plans set max_running = 100")
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    names = [item["username"].lower() for item in [*odd_items(), *stored_items()]]
    names = [name for name in names if name not in TRIED_AGAIN]
    run_ids = [await world.accept(name) for name in names]
    ended = await asyncio.gather(*(world.ended(run_id, timeout_s=90) for run_id in run_ids))
    assert {run["username"]: run["error_code"] for run in ended} == {name: FINAL.get(name) for name in names}
    assert (await world.apify())["starts"] == len(names)
    counted = "select followers from analysis.leads where username = 'odd.counts'"
    assert await world.analysis.fetchval(counted) == 12_345
    lead = await world.analysis.fetchrow("select * from analysis.leads where username = 'odd.texts'")
    assert lead is not None
    assert lead["full_name"] == "nul  half"
    assert (
        await world.analysis.fetchval("select count(*) from analysis.ai_usage_logs where state = 'booked'")
        == 0
    )
