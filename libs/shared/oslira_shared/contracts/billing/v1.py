"""Messages of billing: webhook hints, subscription events, and requests to billing."""

from typing import Final
from uuid import UUID

from pydantic import AwareDatetime

from oslira_shared.contracts.base import Contract

WEBHOOK: Final = (
    "billing.cmd.webhook.v1"  # payload: contracts.work.WorkHint; the row is billing.webhook_events
)
SUBSCRIPTION_CHANGED: Final = "billing.evt.subscription_changed.v1"
CHECKOUT: Final = "billing.rpc.checkout"
PORTAL: Final = "billing.rpc.portal"
REPLAY: Final = "billing.rpc.replay"
RECONCILE: Final = "billing.rpc.reconcile"
START_FREE_PLAN: Final = "billing.rpc.start_free_plan"


class SubscriptionChanged(Contract):
    """An account's plan or its state changed; read it from billing."""

    event_id: UUID
    account_id: UUID


class CheckoutRequest(Contract):
    """Sell `plan` at `interval` (month or year), or `pack`, to an account. The caller has checked the right to buy for it.

    Both URLs are under APP_URL. Repeated requests with one `request_key` are one checkout. Answers `Page`; errors: invalid_request,
    invalid_return_url, not_for_sale, already_subscribed, provider_unavailable, provider_refused.
    """

    account_id: UUID
    plan: str | None = None
    interval: str = "month"
    pack: str | None = None
    success_url: str | None = None
    cancel_url: str | None = None
    request_key: str


class PortalRequest(Contract):
    """Open the page where the account changes its plan and card, and cancels.

    Answers `Page`; errors: invalid_return_url, no_customer, provider_refused.
    """

    account_id: UUID
    return_url: str | None = None


class Page(Contract):
    """A page at Stripe to send the user to."""

    session_id: str
    url: str


class ReplayRequest(Contract):
    """Requeue a dead event; `event_id` is its row's id or Stripe's. Returns `Replayed`; errors: not_found, conflict."""

    event_id: str


class Replayed(Contract):
    """The event is due again."""

    row_id: UUID


class ReconcileRequest(Contract):
    """One step of importing what Stripe has of [since, until) and we lack, and of comparing with it.

    `cursor`: of the last answer; None begins. A repeated step does nothing twice. Answers `ReconcileStep`; errors: invalid_request,
    provider_unavailable (repeat the same step later).
    """

    since: AwareDatetime
    until: AwareDatetime
    is_dry_run: bool = False
    cursor: str | None = None


class StripeMismatch(Contract):
    """Money at Stripe that differs from what was granted for it. `credits`: by how many the ledger differs."""

    kind: str
    stripe_id: str
    account_id: UUID | None
    detail: str
    stripe_minor: int | None
    recorded_minor: int | None
    currency: str
    credits: int


class ReconcileStep(Contract):
    """The result of a step. `cursor` None: it was the last one. `waiting`: events that are not applied yet: repeat the step soon.

    `seen`: what Stripe returned. `missing`: what was not stored; now it is, except in a dry run.
    `mismatches`: the first hundred of `mismatch_count`.
    """

    step: str
    cursor: str | None
    seen: int = 0
    missing: int = 0
    waiting: int = 0
    mismatches: list[StripeMismatch] = []
    mismatch_count: int = 0


class StartFreePlan(Contract):
    """Start the free plan of a new account and grant its first month, once. Billing reads in identity's rows whether it may.

    Answers `FreePlan`; errors: account_not_found (not, or no longer, an account that waits for its trial).
    """

    account_id: UUID


class FreePlan(Contract):
    """`granted_credits` is 0 if the account had a plan already."""

    account_id: UUID
    granted_credits: int
