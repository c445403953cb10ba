"""The only place that wires billing's concrete classes."""

import time
from datetime import UTC, datetime
from typing import Final

from oslira_shared.failed import answer_failed
from oslira_shared.jobs import own_jobs
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.postgres.schema_check import SchemaCheck
from oslira_shared.runtime import Runtime

from oslira_billing.application.apply_event import ApplyEvent
from oslira_billing.application.close_accounts import CloseAccounts
from oslira_billing.application.compare_money import CompareMoney
from oslira_billing.application.daily_cleanup import DailyCleanup
from oslira_billing.application.import_missing import ImportMissing
from oslira_billing.application.receive_webhook import ReceiveWebhook
from oslira_billing.application.reconcile_invoices import ReconcileInvoices
from oslira_billing.application.reconcile_stripe import ReconcileStripe
from oslira_billing.application.renew_monthly import RenewMonthly
from oslira_billing.application.replay_event import ReplayEvent
from oslira_billing.application.start_checkout import OpenPortal, StartCheckout
from oslira_billing.application.sweep_events import SweepEvents
from oslira_billing.application.sync_missed_events import SyncMissedEvents
from oslira_billing.infrastructure.bus import (
    BusHints,
    BusPublisher,
    answer,
    answer_reconciliations,
    answer_sign_ups,
    subscribe,
)
from oslira_billing.infrastructure.http import webhook_app
from oslira_billing.infrastructure.postgres.bodies import PostgresEventBodies
from oslira_billing.infrastructure.postgres.closed_accounts import PostgresClosedAccounts
from oslira_billing.infrastructure.postgres.closures import PostgresClosures
from oslira_billing.infrastructure.postgres.failed_events import FAILED_EVENTS
from oslira_billing.infrastructure.postgres.free_plans import PostgresFreePlans
from oslira_billing.infrastructure.postgres.gauges import MEASURE_EVERY_S, Gauges
from oslira_billing.infrastructure.postgres.inbox import PostgresInbox
from oslira_billing.infrastructure.postgres.mismatches import PostgresMoneyRecords
from oslira_billing.infrastructure.postgres.offers import seed_offers
from oslira_billing.infrastructure.postgres.reconciliation import PostgresReconciliation
from oslira_billing.infrastructure.postgres.renewals import PostgresRenewals
from oslira_billing.infrastructure.postgres.shop import PostgresShop
from oslira_billing.infrastructure.stripe_api import StripeApiObjects
from oslira_billing.infrastructure.stripe_lists import StripeLists
from oslira_billing.infrastructure.stripe_sales import StripeSales
from oslira_billing.settings import BillingSettings

CLOSE_EVERY_S: Final = 30.0


async def build(runtime: Runtime, settings: BillingSettings) -> None:
    """Declare everything; the runtime starts it."""
    database = AdminClient(runtime.database)
    runtime.health.required["schema"] = SchemaCheck(
        runtime.database, "billing.webhook_events", "billing.purchases", "billing.job_runs"
    )
    await seed_offers(database, settings.stripe_prices)

    inbox, hints = PostgresInbox(database, lease_s=settings.event_lease_s), BusHints(runtime.bus)
    stripe = StripeApiObjects(api_key=settings.secret("stripe_secret_key"), api_base=settings.stripe_api_base)
    sales, shop = StripeSales(stripe), PostgresShop(database)
    receive = ReceiveWebhook(
        inbox=inbox,
        hints=hints,
        secrets=settings.webhook_secrets,
        livemode=settings.livemode,
        now_s=time.time,
    )
    lists, records = StripeLists(stripe), PostgresMoneyRecords(database)
    compare = CompareMoney(inbox=inbox, stripe=stripe, lists=lists, records=records)
    renew = RenewMonthly(PostgresRenewals(database), inbox.records)
    own_jobs(
        runtime,
        "billing",
        {
            "daily-cleanup": DailyCleanup(PostgresEventBodies(database), PostgresClosedAccounts(database)),
            "monthly-renewal": renew,
            # The same every day: what was not visible on the first of the month is still due.
            "owed-credits": renew,
            "invoice-reconciliation": ReconcileInvoices(PostgresReconciliation(database)),
            "stripe-reconciliation": ReconcileStripe(compare, records),
            "subscription-sync": SyncMissedEvents(
                missed=stripe,
                stale=shop,
                stripe=stripe,
                inbox=inbox,
                hints=hints,
                livemode=settings.livemode,
            ),
        },
    )

    apply_event = ApplyEvent(inbox, stripe, BusPublisher(runtime.bus))
    subscribe(runtime.bus, apply_event=apply_event)
    answer(
        runtime.bus,
        checkout=StartCheckout(shop, sales, settings.app_url),
        portal=OpenPortal(shop, sales, settings.app_url),
        replay=ReplayEvent(inbox, hints),
    )
    import_missing = ImportMissing(
        lists=lists,
        records=records,
        stripe=stripe,
        compare=compare,
        inbox=inbox,
        hints=hints,
        livemode=settings.livemode,
        now=lambda: datetime.now(UTC),
    )
    answer_reconciliations(runtime.bus, import_missing)
    answer_failed(runtime.bus, "billing", FAILED_EVENTS, database)
    answer_sign_ups(runtime.bus, PostgresFreePlans(database).start)
    runtime.serve(webhook_app(receive, runtime.health), port=settings.http_port, host=settings.http_host)
    runtime.every(MEASURE_EVERY_S, "measure", Gauges(database))
    runtime.every(CLOSE_EVERY_S, "close_accounts", CloseAccounts(PostgresClosures(database), sales))
    runtime.every(1, "sweep_events", SweepEvents(inbox, hints, apply_event))
    runtime.on_stop(stripe.close)
