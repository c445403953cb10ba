"""The console in Chromium: the first hour of a new user, on the whole stack, with nothing wrong on the way."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from browser import CHROMIUM, a_browser
from oslira_client import Oslira
from oslira_client.generated.bulk import BulkBody
from oslira_client.generated.webhooks import EndpointOrder
from oslira_devstack.stack import Stack, StackConfig
from oslira_gateway.console.session import COOKIE, Sealer, Session
from people import Person, person
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, expect

_LONG_MS = 60_000
# One of these in every run where there is a browser; `make test-browser` has them all.
_WIDE = pytest.param(1280, marks=() if CHROMIUM.exists() else pytest.mark.campaign)
_NARROW = pytest.param(360, marks=pytest.mark.campaign)


@pytest_asyncio.fixture(scope="module")
async def console_stack(scratch_dir: Path) -> AsyncGenerator[Stack]:
    config = StackConfig(data_dir=scratch_dir / "console", speed=20.0, durable=False, has_console=True)
    async with Stack(config) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with a_browser() as running:
        yield running


@dataclass
class Watched:
    """A page, and everything that must not happen on it: errors, other origins, refusals."""

    page: Page
    origin: str
    problems: list[str] = field(default_factory=list[str])

    def watch(self) -> None:
        self.page.on("console", self._message)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "blob:", "data:")):
            self.problems.append(f"another origin: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")


@asynccontextmanager
async def watched(
    browser: Browser, stack: Stack, *, email: str, width: int = 1280
) -> AsyncGenerator[Watched]:
    """Signed in as a new user. Fails at its end for whatever went wrong meanwhile."""
    context = await browser.new_context(viewport={"width": width, "height": 800})
    page = await context.new_page()
    page.set_default_timeout(_LONG_MS)
    seen = Watched(page, stack.console_url)
    seen.watch()
    await page.goto(f"{stack.console_url}/app")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_role("button", name="Sign in as this user").click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    yield seen
    await context.close()
    assert seen.problems == []


async def draft_a_business(page: Page) -> None:
    await page.get_by_role("link", name="Describe my business").first.click()
    await page.get_by_label("Name of the business").fill("Bright Studio")
    await page.get_by_label("Your offer").fill("Photos and short films for shops, by the month")
    await page.get_by_label("Your best customers").fill("Shops that sell through social media")
    await page.get_by_role("button", name="Write a draft").click()
    # The run's page follows it to its end without a reload.
    await page.get_by_role("link", name="Check and save the draft").click(timeout=_LONG_MS)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="What models read")).to_be_visible()


@pytest.mark.parametrize("width", [_WIDE, _NARROW])
async def test_the_first_hour_of_a_new_user(console_stack: Stack, browser: Browser, width: int) -> None:
    async with watched(browser, console_stack, email=f"first.{width}@oslira.test", width=width) as seen:
        page = seen.page
        await draft_a_business(page)
        await page.get_by_role("link", name="Analyse", exact=True).click()
        lines = [f"first.{width}.{number}" for number in range(12)]
        broken = ["", lines[0], "https://www.instagram.com/p/abc/", "два слова"]
        csv = "\n".join(["username", *lines, *broken]).encode()
        await page.get_by_label("Or drop a CSV file here").set_input_files(
            {"name": "names.csv", "mimeType": "text/csv", "buffer": csv}
        )
        await page.get_by_text("Limits").click()
        await page.get_by_label("Spend at most").fill("12")
        await page.get_by_role("button", name="Show the price").click()
        await expect(page.get_by_role("heading", name="3. The price")).to_be_visible()
        await page.get_by_role("button", name="Start for at most 12 credits").click()
        await expect(page.get_by_role("heading", name="A list of 12")).to_be_visible()
        # To its end, live.
        await expect(page.get_by_text("100 % done")).to_be_visible(timeout=_LONG_MS)
        await page.get_by_role("link", name="Open the leads").click()
        await page.locator("tbody tr th a").first.click()
        await expect(page.get_by_role("heading", name="Why")).to_be_visible()
        assert await page.locator("blockquote mark").count() > 0
        await page.get_by_role("button", name="Deep for 2 credits").click()
        await page.get_by_role("link", name="Open the lead").click(timeout=_LONG_MS)
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.get_by_role("button", name="Copy the message").click()
        assert (
            await page.evaluate("navigator.clipboard.readText()")
            == await page.get_by_label("Direct message").input_value()
        )
        await page.get_by_role("link", name="Leads", exact=True).click()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Export CSV").click()
        assert (await download.value).suggested_filename == "leads.csv"


@pytest.mark.campaign
async def test_ids_of_another_account_are_not_found(console_stack: Stack) -> None:
    async with person(console_stack) as owner, person(console_stack) as stranger:
        _, accepted = await owner.analyze("of.the.owner")
        run = await owner.settled(accepted["run_id"])
        business = owner.who.business_profile_id
        async with Oslira(console_stack.gateway_url, owner.who.token) as api:
            names = BulkBody(business_profile_id=business, type="light", usernames=["owner.a", "owner.b"])
            bulk = await api.bulk.create_bulk(names)
            hook = await api.webhooks.create_webhook_endpoint(EndpointOrder(url="http://127.0.0.1:9/hook"))
        addresses = [
            f"runs/{run['run_id']}",
            f"runs/{run['run_id']}/part",
            f"bulk/{bulk.bulk_id}",
            f"bulk/{bulk.bulk_id}/part",
            f"streams/bulk/{bulk.bulk_id}",
            f"leads/{run['lead_id']}",
            f"business/{business}",
            f"business/{business}/edit",
            f"business/new?draft={run['run_id']}",
            f"settings/webhooks/{hook.webhook_endpoint.webhook_endpoint_id}",
        ]
        async with visitor(console_stack, owner) as own, visitor(console_stack, stranger) as other:
            for address in addresses:
                assert (await own.get(f"/app/{address}")).status_code == 200, address
                assert (await other.get(f"/app/{address}")).status_code == 404, address
            rows = await other.get(f"/app/runs/rows?id={run['run_id']}")
            assert (rows.status_code, "of.the.owner" in rows.text) == (200, False)
            account = {"csrf": "c", "account_id": str(owner.who.account_id)}
            assert (await other.post("/app/account", data=account)).status_code == 404
            for act in (
                f"leads/{run['lead_id']}/delete",
                f"business/{business}/delete",
                f"bulk/{bulk.bulk_id}/cancel",
            ):
                assert (await other.post(f"/app/{act}", data={"csrf": "c"})).status_code == 404, act


@asynccontextmanager
async def visitor(stack: Stack, user: Person) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser without JavaScript, signed in as `user`."""
    session = Session(csrf="c", access_token=user.who.token, expires_at=int(time.time()) + 3_600)
    sealed = Sealer([stack.credentials.console_secret], life_s=3_600).seal(session)
    async with httpx.AsyncClient(
        base_url=stack.console_url, cookies={COOKIE: sealed}, trust_env=False
    ) as http:
        yield http


@pytest.mark.campaign
async def test_a_run_that_is_ordered_elsewhere_is_offered_and_rows_stay_where_they_are(
    console_stack: Stack, browser: Browser
) -> None:
    async with watched(browser, console_stack, email="dev@oslira.test") as seen:
        page = seen.page
        await draft_a_business(page)
        other = await page.context.new_page()
        await page.goto(f"{console_stack.console_url}/app/runs")
        await expect(page.locator("#queue-pill")).to_be_visible()
        before = await page.locator("tbody tr").count()
        await other.goto(f"{console_stack.console_url}/app/analyse?names=ordered.elsewhere")
        await other.get_by_role("button", name="Show the price").click()
        await other.get_by_role("button", name="Start").click()
        offer = page.get_by_role("link", name="1 new run. Show")
        await expect(offer).to_be_visible(timeout=_LONG_MS)
        assert await page.locator("tbody tr").count() == before
        await offer.click()
        row = page.locator("tbody tr").first
        await expect(row.get_by_text("ordered.elsewhere").first).to_be_visible()
        await expect(row.get_by_text("Completed")).to_be_visible(timeout=_LONG_MS)


@pytest.mark.campaign
async def test_a_session_that_ended_leads_back_to_where_one_was(
    console_stack: Stack, browser: Browser
) -> None:
    async with watched(browser, console_stack, email="back@oslira.test") as seen:
        page = seen.page
        await page.goto(f"{console_stack.console_url}/app/leads?score_min=70")
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        await page.get_by_label("E-mail address").fill("back@oslira.test")
        await page.get_by_role("button", name="Sign in as this user").click()
        await expect(page.get_by_role("heading", name="Leads")).to_be_visible()
        assert await page.get_by_label("Score from").input_value() == "70"
