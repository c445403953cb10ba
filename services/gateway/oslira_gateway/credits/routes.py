"""`GET /v1/credits/balance`, `/v1/credits/transactions`, and the public `GET /v1/plans`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from oslira_shared.catalog import OFFERS, PLANS, SIGN_UP_PLAN
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.contracts.credits.v1 import GrantBalance
from oslira_shared.errors import OsliraError

from oslira_gateway.credits.ports import Balances, Offers, Statements
from oslira_gateway.credits.statement_csv import statement_csv
from oslira_gateway.credits.transaction import Span, Transaction
from oslira_gateway.http.auth import PUBLIC, member_of
from oslira_gateway.http.documented import also
from oslira_gateway.http.listing import (
    DEFAULT_LIMIT,
    CursorText,
    Limit,
    Page,
    cursor_of_number,
    number_of_cursor,
)
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.http.timeouts import STREAMS
from oslira_gateway.http.timestamps import in_utc
from oslira_gateway.leads.export_routes import MEDIA_TYPE, CsvDownload
from oslira_gateway.limits.policies import RouteClass

# Grants of plans and packs never expire.
Expiry = Literal["never"]
_NEVER: Final = "never"


@dataclass(frozen=True, slots=True)
class BalanceView:
    """Credits that can be spent now, credits held for active runs, and the grants they come from.

    `frozen` credits are of payments in dispute; `debt` was spent of grants that were revoked later: the next grants pay it first.
    """

    available: int
    held: int
    frozen: int
    debt: int
    grants: list[GrantBalance]


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan: credits for a month and for a trial, the limit of concurrent runs, and the weight when slots are short.

    `credits_expire`: when credits of the plan expire; "never": they stay until they are spent, also when the plan ends.
    """

    plan: str
    monthly_credits: int
    trial_credits: int
    credits_expire: Expiry
    max_running: int
    weight: int


@dataclass(frozen=True, slots=True)
class PackView:
    """Credits for a single payment. `credits_expire` as for plans."""

    pack: str
    credits: int
    credits_expire: Expiry


@dataclass(frozen=True, slots=True)
class PriceView:
    """What one analysis of a type costs, and how old a finished one may be to be returned instead."""

    type: AnalysisType
    price_credits: int
    fresh_for_s: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All prices."""

    plans: list[PlanView]
    packs: list[PackView]
    prices: list[PriceView]


async def catalogue(offers: Offers) -> Catalogue:
    """The API's view. A plan that is missing in the catalogue in code has the limits that analysis applies: the smallest ones."""
    plans: list[PlanView] = []
    for sold in await offers.plans():
        limits = PLANS.get(sold.plan, PLANS[SIGN_UP_PLAN])
        view = PlanView(
            plan=sold.plan,
            monthly_credits=sold.monthly_credits,
            trial_credits=sold.trial_credits,
            credits_expire=_NEVER,
            max_running=limits.max_running,
            weight=limits.weight,
        )
        plans.append(view)
    return Catalogue(
        plans=plans,
        packs=[PackView(sold.pack, sold.credits, _NEVER) for sold in await offers.packs()],
        prices=[
            PriceView(kind, offer.price_credits, int(offer.fresh_for.total_seconds()))
            for kind, offer in OFFERS.items()
        ],
    )


async def read_span(
    start: Annotated[
        datetime | None,
        QueryParameter(name="from", description="The beginning; without it, the first movement."),
    ] = None,
    end: Annotated[
        datetime | None, QueryParameter(name="to", description="The end, not included; now unless said.")
    ] = None,
) -> Span:
    """`from` and `to` of a query. Raises OsliraError `invalid_request` for an empty span."""
    span = Span(in_utc(start), in_utc(end))
    if span.start is not None and span.end is not None and span.start >= span.end:
        raise OsliraError("invalid_request", "`from` has to be before `to`.")
    return span


def credits_routes(balances: Balances, statements: Statements, offers: Offers) -> list[Any]:
    """Routes about credits."""

    @get("/credits/balance", operation_id="getBalance", tags=["credits"])
    async def read_balance(request: Request[Any, Any, Any]) -> BalanceView:
        """Credits that can be spent, credits that are held, and the grants they come from."""
        balance = await balances.of(member_of(request).account_id)
        return BalanceView(balance.available, balance.held, balance.frozen, balance.debt, balance.grants)

    @get(
        "/credits/transactions",
        operation_id="listTransactions",
        dependencies={"span": Provide(read_span)},
        tags=["credits"],
    )
    async def list_transactions(
        request: Request[Any, Any, Any],
        span: NamedDependency[Span],
        cursor: CursorText = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[Transaction]:
        """The account's statement: every movement of its credits with the balance after it, newest first."""
        before = number_of_cursor(cursor) if cursor is not None else None
        found = await statements.page(member_of(request), before=before, limit=limit + 1, span=span)
        items = list(found[:limit])
        return Page(items, cursor_of_number(items[-1].position) if len(found) > limit else None)

    @get(
        "/credits/transactions.csv",
        dependencies={"span": Provide(read_span)},
        operation_id="exportTransactions",
        opt={STREAMS: True, LIMIT: RouteClass.EXPORT},
        media_type=MEDIA_TYPE,
        tags=["credits"],
        responses=also(200, str, "The whole statement, newest first, in parts.", media_type=MEDIA_TYPE),
    )
    async def export_transactions_csv(
        request: Request[Any, Any, Any], span: NamedDependency[Span]
    ) -> ASGIResponse:
        """The statement as a CSV file, newest first: all of it, or the movements in a period."""
        return CsvDownload(statement_csv(statements, member_of(request), span), name="transactions.csv")

    @get("/plans", operation_id="listPlans", opt={PUBLIC: True}, tags=["credits"])
    async def read_plans() -> Catalogue:
        """Plans, packs and the prices of analyses. Needs no token."""
        return await catalogue(offers)

    return [read_balance, list_transactions, export_transactions_csv, read_plans]
