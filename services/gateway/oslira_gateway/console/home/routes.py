"""`/app`: today's figures, runs at work, and what needs attention."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from litestar import Request, Response, get
from oslira_client import ENDED, Forbidden
from oslira_client.generated.billing import SubscriptionView
from oslira_client.generated.credits import BalanceView
from oslira_client.generated.shared import RunSummary

from oslira_gateway.console.addresses import HOME
from oslira_gateway.console.visit import Visit, visit_of

AnswerT = TypeVar("AnswerT")
_SHOWN: Final = 8
_LOOKED_AT: Final = 50
_LOW_CREDITS: Final = 5
_EXPIRES_SOON: Final = timedelta(days=14)


def home_routes() -> list[Any]:
    """The first page, and its part that follows runs."""

    @get(HOME)
    async def home(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        (balance, subscription, businesses), (usage, outcomes, runs) = await asyncio.gather(
            asyncio.gather(
                visit.api.credits.get_balance(),
                _if_allowed(visit.api.billing.get_subscription()),
                visit.api.business.list_business_profiles(limit=1).first(),
            ),
            asyncio.gather(
                visit.api.insights.get_usage_insights(from_=today, bucket="hour"),
                visit.api.insights.get_outcome_insights(from_=today),
                _recent(visit),
            ),
        )
        ended = sum(one.completed + one.failed for one in outcomes.types)
        return await visit.page(
            "home.html",
            balance=balance,
            expires=_next_expiry(balance),
            today=usage.totals,
            success=sum(one.completed for one in outcomes.types) / ended if ended else None,
            runs=_at_work(runs),
            attention=_attention(balance, subscription, runs),
            has_business=bool(businesses.items),
            has_runs=bool(runs),
        )

    @get(f"{HOME}/home/runs")
    async def at_work(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        return visit.fragment("home_runs.html", runs=_at_work(await _recent(visit)))

    return [home, at_work]


async def _recent(visit: Visit) -> list[RunSummary]:
    return (await visit.api.analyses.list_runs(limit=_LOOKED_AT).first()).items


def _at_work(runs: list[RunSummary]) -> list[RunSummary]:
    return [run for run in runs if run.status not in ENDED][:_SHOWN]


async def _if_allowed(answer: Awaitable[AnswerT]) -> AnswerT | None:
    """None for what this member's role may not see."""
    try:
        return await answer
    except Forbidden:
        return None


def _next_expiry(balance: BalanceView) -> tuple[datetime, int] | None:
    """When credits expire next, and how many."""
    dated = [(one.expires_at, one.available_credits) for one in balance.grants if one.expires_at]
    return min(dated, default=None)


def _attention(
    balance: BalanceView, subscription: SubscriptionView | None, runs: list[RunSummary]
) -> list[dict[str, Any]]:
    """What somebody should look at: a text and where it leads."""
    found: list[dict[str, Any]] = []
    for problem in subscription.payment_problems if subscription else ():
        text = (
            "A payment has failed." if problem.problem == "payment_failed" else "A payment needs your bank."
        )
        found.append({"text": text, "address": "/app/credits", "action": "Open billing"})
    if balance.debt:
        text = f"The account owes {balance.debt} credits after a refund or a dispute."
        found.append({"text": text, "address": "/app/credits", "action": "Open credits"})
    if balance.available < _LOW_CREDITS:
        text = f"Only {balance.available} credits are left."
        found.append({"text": text, "address": "/app/credits", "action": "Get credits"})
    expiry = _next_expiry(balance)
    if expiry and expiry[1] and expiry[0] - datetime.now(UTC) < _EXPIRES_SOON:
        text = f"{expiry[1]} credits expire within two weeks."
        found.append({"text": text, "address": "/app/analyse", "action": "Use them"})
    day_ago = datetime.now(UTC) - timedelta(days=1)
    failed = [r for r in runs if r.status == "failed" and r.finished_at and r.finished_at > day_ago]
    if failed:
        text = f"{len(failed)} of the last {len(runs)} runs failed. Nothing was charged for them."
        found.append({"text": text, "address": "/app/runs?status=failed", "action": "See why"})
    return found
