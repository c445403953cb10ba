"""Every screen of the console with work in it: pictures, light, dark and narrow. `make screenshots`, with a folder as the argument.

With AXE (the file axe.min.js of axe-core) each screen is also checked for accessibility; violations are printed and end it with 1.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from browser import a_browser
from oslira_devstack.access import access_to
from oslira_devstack.sign_in import DEVELOPER, sign_in
from oslira_devstack.stack import Stack, StackConfig
from playwright.async_api import Browser, Page

_SCREENS: Final = {
    "home": "/app",
    "analyse": "/app/analyse?names=nasa%0Anatgeo%0A%40nasa%0Anot%20a%20name",
    "runs": "/app/runs",
    "leads": "/app/leads",
    "business": "/app/business",
    "business-new": "/app/business/new",
    "credits": "/app/credits",
    "insights": "/app/insights?days=7",
    "team": "/app/team",
    "webhooks": "/app/settings",
    "nothing": "/app/nothing",
}
_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 320, "height": 700}},
}
_NAMES: Final = "\n".join(
    f"studio.{name}" for name in ("nord", "sol", "mar", "luna", "rio", "kiez", "ost", "fjord")
)
_CHECK: Final = (
    "async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' | '))"
)


async def order(page: Page, origin: str, kind: str) -> None:
    """A list of profiles, to its end."""
    await page.goto(f"{origin}/app/analyse")
    await page.get_by_label("Instagram names or links").fill(_NAMES)
    await page.get_by_text(kind, exact=False).first.click()
    await page.get_by_role("button", name="Show the price").click()
    await page.get_by_role("button", name="Start").click()
    await page.get_by_text("100 % done").wait_for(timeout=120_000)


async def picture(page: Page, name: str, address: str, folder: Path, axe: str) -> list[str]:
    """What axe finds on one screen."""
    await page.goto(address)
    await page.wait_for_timeout(300)
    await page.screenshot(path=folder / f"{name}.png", full_page=True)
    found: list[str] = []
    if axe:
        await page.evaluate(axe)
        found = await page.evaluate(_CHECK)
    width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{name}: {one}" for one in found] + ([f"{name}: {width} px too wide"] if width > 0 else [])


async def look_at(browser: Browser, origin: str, folder: Path, axe: str) -> list[str]:
    """All screens in all looks."""
    context = await browser.new_context()
    page = await context.new_page()
    await sign_in_as_developer(page, origin)
    await order(page, origin, "Deep")
    first = {
        "bulk": page.url,
        "lead": await first_link(page, f"{origin}/app/leads?sort=score"),
        "run": await first_link(page, f"{origin}/app/runs"),
        "business-one": await first_link(page, f"{origin}/app/business", "main .card a"),
    }
    state = await context.storage_state()
    problems: list[str] = []
    for look, options in _LOOKS.items():
        looking = await browser.new_context(**options, storage_state=state, bypass_csp=bool(axe))
        shown = await looking.new_page()
        for name, address in {**{n: origin + a for n, a in _SCREENS.items()}, **first}.items():
            problems += await picture(shown, f"{name}-{look}", address, folder, axe)
        await looking.clear_cookies()
        problems += await picture(shown, f"sign-in-{look}", f"{origin}/app", folder, axe)
        await looking.close()
    return problems


async def sign_in_as_developer(page: Page, origin: str) -> None:
    """As the page of development offers it."""
    await page.goto(f"{origin}/app/sign-in")
    await page.get_by_role("button", name="Sign in as this user").click()
    await page.get_by_role("heading", name="Home").wait_for()


async def first_link(page: Page, address: str, selector: str = "tbody th a") -> str:
    """Where the first row of a screen leads."""
    await page.goto(address)
    return await page.locator(selector).first.evaluate("link => link.href")


async def main(folder: Path, origin: str | None, axe: str) -> int:
    """1 for problems. `origin`: of a console that runs; without it a stack is started."""
    async with a_browser() as browser:
        if origin is not None:
            problems = await look_at(browser, origin, folder, axe)
        else:
            with tempfile.TemporaryDirectory() as data:
                config = StackConfig(data_dir=Path(data), speed=20.0, durable=False, has_console=True)
                async with Stack(config) as stack:
                    access = access_to(stack.describe(), stack.credentials)
                    await sign_in(access, email=DEVELOPER, available_credits=100, plan="agency")
                    problems = await look_at(browser, stack.console_url, folder, axe)
    print(*problems, sep="\n")  # noqa: T201
    return int(bool(problems))


if __name__ == "__main__":
    where = Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    script = Path(os.environ["AXE"]).read_text() if os.environ.get("AXE") else ""
    sys.exit(asyncio.run(main(where, sys.argv[2] if len(sys.argv) > 2 else None, script)))
