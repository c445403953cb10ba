"""`/app/credits`: balance, statement, use by day, plans and packs."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request, Response, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromQuery
from litestar.response import Stream
from oslira_client import Forbidden
from oslira_client.generated.billing import PackOrder, PlanOrder, PortalOrder, SubscriptionView
from oslira_shared.catalog import PACKS, SIGN_UP_PLAN

from oslira_gateway.console.charts import columns
from oslira_gateway.console.downloads import csv_file
from oslira_gateway.console.forms import field_of
from oslira_gateway.console.visit import Visit, visit_of

_PAGE: Final = 50
_DAYS: Final = 30


def credits_routes(*, app_url: str) -> list[Any]:
    """Credits and plan. `app_url`: where Stripe sends the buyer back to."""
    back = f"{app_url.rstrip('/')}/app/credits"

    @get("/app/credits")
    async def show(request: Request[Any, Any, Any], cursor: FromQuery[str | None] = None) -> Response[str]:
        visit = visit_of(request)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        since = today - timedelta(days=_DAYS - 1)
        balance, statement, usage, catalogue, subscription = await asyncio.gather(
            visit.api.credits.get_balance(),
            visit.api.credits.list_transactions(cursor=cursor or None, limit=_PAGE).first(),
            visit.api.insights.get_usage_insights(from_=since, bucket="day"),
            visit.api.credits.list_plans(),
            _subscription(visit),
        )
        days = {(since + timedelta(days=n)).strftime("%d %b"): 0 for n in range(_DAYS)}
        for item in usage.items:
            if (day := item.at.astimezone(UTC).strftime("%d %b")) in days:
                days[day] += item.credits
        return await visit.page(
            "credits.html",
            balance=balance,
            statement=statement.items,
            next_cursor=statement.next_cursor,
            is_first=not cursor,
            chart=columns(list(days.items()), unit="credits"),
            days=days,
            catalogue=catalogue,
            free_plan=SIGN_UP_PLAN,
            pack_prices={name: pack.price_usd for name, pack in PACKS.items()},
            subscription=subscription,
        )

    @get("/app/credits/statement.csv")
    async def statement_csv(request: Request[Any, Any, Any]) -> Stream:
        return await csv_file(visit_of(request).api.credits.export_transactions(), "statement.csv")

    @post("/app/credits/checkout", status_code=200)
    async def checkout(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        plan, pack = await field_of(request, "plan"), await field_of(request, "pack")
        interval = await field_of(request, "interval") or "month"
        if not plan and not pack:
            raise ValidationException("Choose a plan or a pack.")
        order = (
            PlanOrder(
                plan=plan,
                interval="year" if interval == "year" else "month",
                success_url=back,
                cancel_url=back,
            )
            if plan
            else PackOrder(pack=pack, success_url=back, cancel_url=back)
        )
        page = await visit.api.billing.create_checkout(order)
        return visit.go(_https(page.url))

    @post("/app/credits/portal", status_code=200)
    async def portal(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        page = await visit.api.billing.create_portal_session(PortalOrder(return_url=back))
        return visit.go(_https(page.url))

    return [show, statement_csv, checkout, portal]


def _https(address: str) -> str:
    """An address that the API gave for a browser. Raises ValidationException for one that is no web page."""
    if urlsplit(address).scheme not in ("https", "http"):
        raise ValidationException("That is not the address of a page.")
    return address


async def _subscription(visit: Visit) -> SubscriptionView | None:
    try:
        return await visit.api.billing.get_subscription()
    except Forbidden:
        return None
