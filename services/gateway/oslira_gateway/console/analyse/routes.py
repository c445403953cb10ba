"""`/app/analyse`: names in, a quote before anything is spent, then the start."""

import asyncio
from typing import Any
from uuid import uuid4

from litestar import Request, Response, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromQuery

from oslira_gateway.console.analyse.names import read_lines
from oslira_gateway.console.analyse.order import order_of
from oslira_gateway.console.forms import field_of
from oslira_gateway.console.visit import visit_of


def analyse_routes() -> list[Any]:
    """The form, its quote and its start."""

    @get("/app/analyse")
    async def show(request: Request[Any, Any, Any], names: FromQuery[str] = "") -> Response[str]:
        visit = visit_of(request)
        businesses, catalogue, balance = await asyncio.gather(
            visit.api.business.list_business_profiles(limit=100).first(),
            visit.api.credits.list_plans(),
            visit.api.credits.get_balance(),
        )
        return await visit.page(
            "analyse.html",
            businesses=businesses.items,
            prices={one.type: one for one in catalogue.prices},
            balance=balance,
            names=names[:20_000],
        )

    @post("/app/analyse/quote", status_code=200)
    async def quote(request: Request[Any, Any, Any]) -> Response[str]:
        visit, order = visit_of(request), await order_of(request)
        quoted, balance = await asyncio.gather(
            visit.api.bulk.quote_bulk(order.body, **order.terms), visit.api.credits.get_balance()
        )
        return visit.fragment(
            "analyse_quote.html",
            quote=quoted,
            balance=balance,
            lines=[] if order.csv else read_lines(order.lines),
            # One order, however often the button is pressed.
            key=str(uuid4()),
            digest=order.digest,
        )

    @post("/app/analyse/start", status_code=200)
    async def start(request: Request[Any, Any, Any]) -> Response[str]:
        visit, order = visit_of(request), await order_of(request)
        key = await field_of(request, "key")
        # Without the key of a quote, an order that is sent twice would be two.
        if not key or await field_of(request, "quoted") != order.digest:
            raise ValidationException("This is not what the price was for. Show the price again, then start.")
        accepted = await visit.api.bulk.create_bulk(order.body, idempotency_key=key, **order.terms)
        return visit.go(f"/app/bulk/{accepted.bulk_id}")

    return [show, quote, start]
