"""The only place that wires billing's concrete classes."""

import time

from oslira_shared.postgres.clients import AdminClient
from oslira_shared.runtime import Runtime

from oslira_billing.application.apply_event import ApplyEvent
from oslira_billing.application.daily_cleanup import DailyCleanup
from oslira_billing.application.receive_webhook import ReceiveWebhook
from oslira_billing.application.run_jobs import RunJobs
from oslira_billing.application.sweep_events import SweepEvents
from oslira_billing.infrastructure.bus import BusHints, BusNews, subscribe
from oslira_billing.infrastructure.http import webhook_app
from oslira_billing.infrastructure.postgres.bodies import PostgresEventBodies
from oslira_billing.infrastructure.postgres.inbox import PostgresInbox
from oslira_billing.infrastructure.postgres.job_runs import PostgresJobRuns
from oslira_billing.infrastructure.postgres.offers import seed_offers
from oslira_billing.infrastructure.stripe_api import StripeApiObjects
from oslira_billing.settings import BillingSettings


async def build(runtime: Runtime, settings: BillingSettings) -> None:
    """Declare everything; the runtime starts it."""
    database = AdminClient(runtime.database)
    await seed_offers(database, settings.stripe_prices)

    inbox, hints = PostgresInbox(database), BusHints(runtime.bus)
    stripe = StripeApiObjects(api_key=settings.api_key, api_base=settings.stripe_api_base)
    receive = ReceiveWebhook(
        inbox=inbox,
        hints=hints,
        secrets=settings.webhook_secrets,
        livemode=settings.livemode,
        now_s=time.time,
    )
    job_runs = PostgresJobRuns(database)
    jobs = RunJobs(job_runs, {"daily-cleanup": DailyCleanup(PostgresEventBodies(database))})

    subscribe(runtime.bus, apply_event=ApplyEvent(inbox, stripe, BusNews(runtime.bus)), jobs=jobs)
    runtime.serve(webhook_app(receive, runtime.health), port=settings.http_port, host=settings.http_host)
    runtime.every(1, "sweep_events", SweepEvents(inbox, hints))
    runtime.every(1, "sweep_jobs", jobs.sweep)
    runtime.every(1, "beat_jobs", job_runs.heart.beat_once)
    runtime.on_stop(job_runs.stop)
    runtime.on_stop(stripe.close)
