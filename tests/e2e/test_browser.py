"""A page on another origin signs in with a token, starts an analysis and follows it to its end; other origins are refused.

Once by hand with an EventSource, once with the client that hey-api generates from the API's document.
"""

import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from browser import a_browser, a_front_end
from oslira_devstack.ports import free_port
from oslira_devstack.stack import Stack, StackConfig
from people import Person, person
from playwright.async_api import Browser, Error, Page

pytestmark = pytest.mark.campaign

_START = "([api, token, body]) => analyze(api, token, body)"
_FOLLOW = "([api, url]) => follow(api, url)"
_FLOW = "async ([api, token, order]) => (await import('/flow.js')).analyze(api, token, order)"
_ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture(scope="module")
async def front_end_port() -> int:
    return free_port()


@pytest_asyncio.fixture(scope="module")
async def open_stack(scratch_dir: Path, front_end_port: int) -> AsyncGenerator[Stack]:
    """One whose gateway lets a front end of another origin in."""
    config = StackConfig(
        data_dir=scratch_dir / "browser",
        speed=40.0,
        durable=False,
        extra_environment={"gateway": {"CORS_ALLOW_ORIGINS": f"http://127.0.0.1:{front_end_port}"}},
    )
    async with Stack(config) as running:
        yield running


@pytest.fixture(scope="module")
def compiled_flow() -> Path:
    """tools/openapi/src with the client that it needs, as modules for a browser."""
    made = subprocess.run(  # our own script
        [_ROOT / "tools" / "api_clients.sh", "--require"], check=False, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    return _ROOT / "tools" / "openapi" / "out" / "dist"


@pytest_asyncio.fixture(scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as running:
        yield running


async def test_a_page_of_an_allowed_origin_starts_an_analysis_and_follows_it_to_its_end(
    open_stack: Stack, browser: Browser, front_end_port: int
) -> None:
    async with person(open_stack) as user, a_front_end(port=front_end_port) as origin:
        page = await browser.new_page()
        await page.goto(origin)
        started = await page.evaluate(_START, [open_stack.gateway_url, user.who.token, _order(user)])
        assert started["status"] == 202
        assert (
            started["location"] == f"/v1/runs/{started['body']['run_id']}"
        )  # a header that scripts may read
        events = await page.evaluate(_FOLLOW, [open_stack.gateway_url, started["body"]["events_url"]])
        assert events[-1]["status"] == "completed"
        assert events[-1]["progress"] == 100
        numbers = [int(event["id"]) for event in events]
        assert numbers == sorted(set(numbers))
        run = await user.settled(started["body"]["run_id"])
        assert run["credits"]["charged"] == 1
        await page.close()


async def test_a_generated_client_orders_follows_and_reads_lead_and_statement(
    open_stack: Stack, browser: Browser, front_end_port: int, compiled_flow: Path
) -> None:
    async with (
        person(open_stack) as user,
        a_front_end(port=front_end_port, scripts=compiled_flow) as origin,
    ):
        page = await browser.new_page()
        await page.goto(origin)
        order = {"username": "by.a.client", "business_profile_id": str(user.who.business_profile_id)}
        report = await page.evaluate(_FLOW, [open_stack.gateway_url, user.who.token, order])
        assert report["statuses"][-1] == "completed"
        assert 0 <= report["score"] <= 100
        assert report["reasons"] >= 1
        assert report["lead"] == "by.a.client"
        assert report["transactions"] == [
            {"kind": "hold", "change": -1, "spent": 0},
            {"kind": "settle", "change": 0, "spent": 1},
        ]
        await page.close()


async def test_a_page_of_another_origin_can_neither_start_nor_follow(
    open_stack: Stack, browser: Browser
) -> None:
    async with person(open_stack) as user, a_front_end() as stranger:
        _, accepted = await user.analyze("seen.elsewhere")
        page = await browser.new_page()
        console = _console(page)
        await page.goto(stranger)
        with pytest.raises(Error, match="Failed to fetch"):
            await page.evaluate(_START, [open_stack.gateway_url, user.who.token, _order(user)])
        with pytest.raises(Error, match="the stream was refused"):
            await page.evaluate(_FOLLOW, [open_stack.gateway_url, accepted["events_url"]])
        assert sum("blocked by CORS policy" in line for line in console) >= 2
        assert await user.runs_in_database() == 1
        await page.close()


def _order(user: Person) -> dict[str, Any]:
    return {
        "username": "from.the.page",
        "type": "light",
        "business_profile_id": str(user.who.business_profile_id),
    }


def _console(page: Page) -> list[str]:
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    return lines
