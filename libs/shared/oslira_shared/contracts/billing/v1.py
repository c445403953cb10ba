"""What billing owns: webhook hints and subscription events."""

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
    """Sell `plan` at `interval` (month or year), or `pack`, to an account. The asker has the right to buy for it.

    Both URLs lie under APP_URL. `request_key` makes it one checkout however often it is asked for. Answers `Page`; errors:
    invalid_request, invalid_return_url, not_for_sale, already_subscribed, provider_unavailable, provider_refused.
    """

    account_id: UUID
    plan: str | None = None
    interval: str = "month"
    pack: str | None = None
    success_url: str | None = None
    cancel_url: str | None = None
    request_key: str


class PortalRequest(Contract):
    """Where the account changes its plan and card and cancels.

    Answers `Page`; errors: invalid_return_url, no_customer, provider_refused.
    """

    account_id: UUID
    return_url: str | None = None


class Page(Contract):
    """A page of Stripe's to send the user to."""

    session_id: str
    url: str


class ReplayRequest(Contract):
    """Requeue a dead event; `event_id` is its row's id or Stripe's. Returns `Replayed`; errors: not_found, conflict."""

    event_id: str


class Replayed(Contract):
    """It is to be applied again."""

    row_id: UUID


class ReconcileRequest(Contract):
    """One step of taking in what Stripe has of [since, until) and we lack, and of comparing with it.

    `cursor`: of the last answer; None begins. Asked again, a step does nothing twice. Answers `ReconcileStep`; errors:
    invalid_request, provider_unavailable (the same step may pass later).
    """

    since: AwareDatetime
    until: AwareDatetime
    is_dry_run: bool = False
    cursor: str | None = None


class StripeMismatch(Contract):
    """Money at Stripe that is not what was granted for it. `credits`: how many the ledger is off."""

    kind: str
    stripe_id: str
    account_id: UUID | None
    detail: str
    stripe_minor: int | None
    recorded_minor: int | None
    currency: str
    credits: int


class ReconcileStep(Contract):
    """What a step did. `cursor` None: it was the last one. `waiting`: events that are not applied yet: ask again in a moment.

    `seen`: what Stripe showed. `missing`: what of it had not been taken in; now it is, but in a dry run.
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
    """Put a new account on the free plan and grant its first month, once. Whether it may have that, billing asks identity's rows.

    Answers `FreePlan`; errors: account_not_found (not, or no longer, an account that waits for it).
    """

    account_id: UUID


class FreePlan(Contract):
    """`granted_credits` is 0 when the account was on a plan already."""

    account_id: UUID
    granted_credits: int
